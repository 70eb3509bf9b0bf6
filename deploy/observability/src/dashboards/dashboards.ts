import type { DashboardSource } from '../panel.ts';
import { crm } from './crm.ts';
import { dedupe } from './dedupe.ts';
import { events } from './events.ts';
import { overview } from './overview.ts';
import { runtime } from './runtime.ts';
import { sync } from './sync.ts';

/** In the order in which one looks at them: from the promises down to the processes. */
export const dashboards: readonly DashboardSource[] = [overview, sync, crm, events, dedupe, runtime];
