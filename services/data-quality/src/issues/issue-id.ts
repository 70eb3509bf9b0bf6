import { v5 as nameBasedId } from 'uuid';
import type { RecordPlace } from '../profiles/profile-store.ts';

/** A fixed random UUID, so that issue ids collide with nobody else's name-based ones. */
const namespace = 'c2f6a9d4-6a0e-4c39-9a1b-51f0c8f2b7e3';

/** The same record and rule give the same id in every deployment. */
export function issueId(tenantId: string, place: RecordPlace, ruleId: string): string {
  return nameBasedId(`${tenantId}:${place.account}:${place.object}:${place.recordId}#${ruleId}`, namespace);
}
