import type { Runtime } from './runtime.ts';

export function addDeadLetterRoutes<C>(_runtime: Runtime<C>): void {}
