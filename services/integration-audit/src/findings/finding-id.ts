import { v5 as nameBasedId } from 'uuid';
import type { Detection } from './finding.ts';

/** A fixed random UUID, so that finding ids collide with nobody else's name-based ones. */
const namespace = '0d7a4c1b-5a0e-4b52-8f0f-3f9d2f6f4e8c';

/** The same rule and subject give the same id in every deployment. */
export function findingId(
  tenantId: string,
  account: string,
  { ruleId, subjectKind, subjectId }: Pick<Detection, 'ruleId' | 'subjectKind' | 'subjectId'>,
): string {
  return nameBasedId(`${tenantId}:${account}:${ruleId}:${subjectKind}:${subjectId}`, namespace);
}
