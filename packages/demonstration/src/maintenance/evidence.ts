import { DemonstrationError } from '../errors.ts';
import type { ApiClient } from '../first-sync/api-client.ts';

interface VerificationView {
  readonly valid: boolean;
  readonly links: number;
  readonly head?: string;
  readonly reason?: string;
}

/** Has the evidence chain checked. Throws when it does not hold. */
export async function printEvidence(api: ApiClient, print: (line: string) => void): Promise<void> {
  const found = await api.get<VerificationView>('/v1/evidence/verify');
  if (!found.valid) {
    throw new DemonstrationError('DEMONSTRATION_EVIDENCE', `The evidence chain does not hold: ${found.reason ?? ''}`);
  }
  print(`Evidence: ${found.links} links, each holds; the last one is ${found.head?.slice(0, 16) ?? 'none'}.`);
}
