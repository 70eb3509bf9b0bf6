import { DemonstrationError } from '../errors.ts';
import type { ApiClient } from '../first-sync/api-client.ts';
import {
  type ChangeSetClient,
  type ChangeSetView,
  createChangeSetClient,
  type OperationView,
} from './change-set-client.ts';
import {
  createSimulatedRecords,
  differingFields,
  type SimulatedRecord,
  type SimulatedRecords,
} from './simulated-records.ts';

interface ProposalView {
  readonly proposalId: string;
  readonly account: string;
  readonly object: string;
  readonly master: string;
  readonly losers: readonly string[];
  readonly probability: number;
}

interface ConnectionSafetyView {
  readonly id: string;
  readonly account: string;
  readonly locked: boolean;
}

export interface DemonstrationOptions {
  readonly api: ApiClient;
  readonly controlUrl: string;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How many phone numbers the demonstration rewrites. */
const phoneFixes = 20;

/**
 * Writes to both simulated CRMs as a person would, and takes everything back: a proposed merge in each, and phone numbers
 * in one. After every step the CRM itself is asked. Throws when it does not show what it should.
 */
export async function demonstrateChanges({ api, controlUrl, print, signal }: DemonstrationOptions): Promise<void> {
  const changeSets = createChangeSetClient(api, signal);
  const crm = createSimulatedRecords(controlUrl);
  const { connections } = await api.get<{ readonly connections: readonly ConnectionSafetyView[] }>('/v1/safety');
  for (const { id, locked } of connections) {
    if (locked) await api.send('POST', `/v1/connections/${id}/unlock`, { reason: 'Demonstration on simulated CRMs' });
  }
  try {
    for (const { account } of connections) {
      print(await mergeAndUndo(await choosePair(api, account, changeSets), { changeSets, crm }));
    }
    print(await fixPhonesAndUndo(api, { changeSets, crm }));
  } finally {
    // What was unlocked for the demonstration is locked again.
    for (const { id, locked } of connections) {
      if (locked) await api.send('POST', `/v1/connections/${id}/lock`, { reason: 'The demonstration is over' });
    }
  }
}

interface Pair {
  readonly proposal: ProposalView;
  readonly drafted: ChangeSetView;
}

/**
 * The likeliest pair of persons, so that the demonstration merges what everybody would. One that was merged and taken
 * back in an earlier run is left alone: its change set is done.
 */
async function choosePair(api: ApiClient, account: string, changeSets: ChangeSetClient): Promise<Pair> {
  const object = account.startsWith('sf:') ? 'Contact' : 'contacts';
  const { items } = await api.get<{ readonly items: readonly ProposalView[] }>('/v1/proposals', {
    state: 'open',
    account,
    object,
    limit: 200,
  });
  const pairs = items
    .filter(({ losers }) => losers.length === 1)
    .sort((a, b) => b.probability - a.probability || (a.proposalId < b.proposalId ? -1 : 1));
  for (const proposal of pairs) {
    const drafted = await changeSets.ofProposal(proposal.proposalId);
    if (drafted.state === 'draft' || drafted.state === 'planned') return { proposal, drafted };
  }
  throw new DemonstrationError(
    'DEMONSTRATION_FAILED',
    `No merge of two records of ${object} in ${account} is proposed`,
  );
}

interface Tools {
  readonly changeSets: ChangeSetClient;
  readonly crm: SimulatedRecords;
}

async function mergeAndUndo({ proposal, drafted }: Pair, { changeSets, crm }: Tools): Promise<string> {
  const { master, account, object } = proposal;
  const [loser = ''] = proposal.losers;
  const before = { master: await existing(crm, master), loser: await existing(crm, loser) };
  const applied = await changeSets.apply(drafted);
  const [merged] = await changeSets.operations(applied);
  const survivor = merged?.survivor ?? master;
  const after = await existing(crm, survivor);
  if (survivor === master && (await crm.read(loser)) !== undefined) {
    throw wrong(`${loser} is still there after it was merged into ${master}`);
  }
  checkMerged(merged, after, survivor);
  await changeSets.undo(applied);
  const [undone] = await changeSets.operations(applied);
  const masterAgain = await existing(crm, undone?.recreated?.[master] ?? survivor);
  const loserAgain = await existing(crm, undone?.recreated?.[loser] ?? loser);
  const left = [
    ...differingFields(before.master, masterAgain).map((name) => `${master} ${name}`),
    ...differingFields(before.loser, loserAgain).map((name) => `${loser} ${name}`),
  ];
  const losses = merged?.undo?.losses ?? [];
  if (left.length > 0 && losses.length === 0) throw wrong(`the undo left ${left.join(', ')} as they were not`);
  const words = losses.length === 0 ? 'nothing was lost' : `the plan had listed ${losses.length} losses`;
  return `Merged two of ${object} in ${account} (probability ${proposal.probability.toFixed(4)}); the CRM shows one record. Undone; it shows two again, ${left.length} fields differ, ${words}.`;
}

function checkMerged(operation: OperationView | undefined, after: SimulatedRecord, survivor: string): void {
  for (const [name, value] of Object.entries(operation?.fields ?? {})) {
    const shown = after[name];
    // Numbers and points in time may be spelt differently; text is what the demonstration can hold against text.
    if (typeof value === 'string' && typeof shown === 'string' && shown !== value) {
      throw wrong(`${survivor} shows ${name} differently from what the change set wrote`);
    }
  }
}

async function fixPhonesAndUndo(api: ApiClient, { changeSets, crm }: Tools): Promise<string> {
  interface StandardView {
    readonly id: string;
    readonly objects: readonly { readonly account: string; readonly object: string; readonly values: number }[];
  }
  const { items } = await api.get<{ readonly items: readonly StandardView[] }>('/v1/data-quality/standardisations');
  const standard = items.find(({ id }) => id === 'phone-e164');
  const place = standard?.objects.toSorted((a, b) => b.values - a.values)[0];
  if (place === undefined)
    throw new DemonstrationError('DEMONSTRATION_FAILED', 'No phone number can be written better');
  const { account, object } = place;
  const proposal = await api.send<{
    readonly proposalId: string;
    readonly fixes: readonly {
      readonly recordId: string;
      readonly field: string;
      readonly before: string;
      readonly after: string;
    }[];
  }>('POST', '/v1/data-quality/standardisations/phone-e164/proposals', { account, object, limit: phoneFixes });
  const shows = async (which: 'before' | 'after'): Promise<void> => {
    for (const fix of proposal.fixes) {
      const record = await existing(crm, `${account}:${object}:${fix.recordId}`);
      if (record[fix.field] !== fix[which])
        throw wrong(`${object} ${fix.recordId} does not show ${fix.field} as ${which}`);
    }
  };
  await shows('before');
  const applied = await changeSets.apply(await changeSets.ofProposal(proposal.proposalId));
  await shows('after');
  await changeSets.undo(applied);
  await shows('before');
  return `Wrote ${proposal.fixes.length} phone numbers of ${object} in ${account} as +<country><number>; the CRM shows them so. Undone; it shows them as before.`;
}

async function existing(crm: SimulatedRecords, ref: string): Promise<SimulatedRecord> {
  const record = await crm.read(ref);
  if (record === undefined) throw wrong(`${ref} is not there`);
  return record;
}

function wrong(what: string): DemonstrationError {
  return new DemonstrationError('DEMONSTRATION_FAILED', `The CRM does not show what it should: ${what}.`);
}
