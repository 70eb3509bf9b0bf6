import type { Transaction } from '@kempt/postgres';
import { readConnectionSwitches, readTenantSwitches } from './safety-store.ts';

/** Switches that hold for every account of a tenant. */
export interface TenantSwitches {
  readonly readOnly: boolean;
  /** No changes before `until`. */
  readonly freeze: { readonly until: Date; readonly reason: string } | null;
  readonly changedBy: string | null;
  readonly changedAt: Date | null;
}

export interface ConnectionSwitches {
  /** Null before the CRM was asked. */
  readonly environment: 'production' | 'sandbox' | null;
  /** What somebody decided; null follows the environment. */
  readonly locked: boolean | null;
  readonly lockReason: string;
  readonly lockedBy: string;
  readonly killSwitch: boolean;
  readonly killReason: string;
  readonly killedBy: string;
}

export type BlockCode = 'read-only' | 'change-freeze' | 'kill-switch' | 'connection-locked' | 'not-approved';

/** Why nothing may be written at the moment. */
export interface Block {
  readonly code: BlockCode;
  /** What is switched on and how it is switched off, for people. */
  readonly detail: string;
  /** Absent when it holds for all accounts. */
  readonly account?: string;
}

/** A write that a safety switch forbids. */
export class SafetyError extends Error {
  readonly code: BlockCode;
  readonly retriable = false;

  constructor(block: Block) {
    super(block.detail);
    this.name = 'SafetyError';
    this.code = block.code;
  }
}

const untouched: ConnectionSwitches = {
  environment: null,
  locked: null,
  lockReason: '',
  lockedBy: '',
  killSwitch: false,
  killReason: '',
  killedBy: '',
};

/** Whether an account is locked: production is, and so is one that has not said what it is, until somebody unlocks it. */
export const isLocked = (switches: ConnectionSwitches | undefined): boolean =>
  switches?.locked ?? switches?.environment !== 'sandbox';

/** Everything that forbids writing to an account. */
export function blocksOf(
  given: {
    readonly isReadOnlySet: boolean;
    readonly tenant: TenantSwitches;
    readonly connections: ReadonlyMap<string, ConnectionSwitches>;
    readonly nowMs: number;
  },
  accounts: readonly string[],
): Block[] {
  const blocks: Block[] = [];
  if (given.isReadOnlySet) {
    blocks.push({
      code: 'read-only',
      detail: 'Kempt is read-only by its setting KEMPT_CONNECTOR_READ_ONLY; only its operator can change that.',
    });
  } else if (given.tenant.readOnly) {
    blocks.push({ code: 'read-only', detail: 'Kempt is read-only. Switch it off with PUT /v1/safety.' });
  }
  const { freeze } = given.tenant;
  if (freeze !== null && given.nowMs < freeze.until.getTime()) {
    const why = freeze.reason === '' ? '' : ` (${freeze.reason})`;
    blocks.push({
      code: 'change-freeze',
      detail: `Changes are frozen until ${freeze.until.toISOString()}${why}. Wait, or lift it with PUT /v1/safety.`,
    });
  }
  for (const account of accounts) {
    const switches = given.connections.get(account) ?? untouched;
    if (switches.killSwitch) {
      const why = switches.killReason === '' ? '' : ` (${switches.killReason})`;
      blocks.push({ code: 'kill-switch', detail: `The kill switch of ${account} is pulled${why}.`, account });
    }
    if (isLocked(switches)) {
      const what = switches.environment === 'production' ? 'a production account' : 'locked';
      blocks.push({
        code: 'connection-locked',
        detail: `${account} is ${switches.locked === true ? 'locked' : what}. Unlock it with POST /v1/connections/{id}/unlock.`,
        account,
      });
    }
  }
  return blocks;
}

/** What may be written at the moment. Asked at every step of a change set, and before every single write. */
export interface Safety {
  /** Whether the setting makes everything read-only; nothing else can switch that off. */
  readonly isReadOnlySet: boolean;
  blocks(tx: Transaction, accounts: readonly string[]): Promise<Block[]>;
  /** Throws SafetyError for the first thing that forbids writing to an account. */
  assertWritable(tx: Transaction, accounts: readonly string[]): Promise<void>;
}

export function createSafety(options: { readonly isReadOnlySet: boolean; readonly now: () => number }): Safety {
  const { isReadOnlySet } = options;
  async function blocks(tx: Transaction, accounts: readonly string[]): Promise<Block[]> {
    const tenant = await readTenantSwitches(tx);
    const connections = await readConnectionSwitches(tx, accounts);
    return blocksOf({ isReadOnlySet, tenant, connections, nowMs: options.now() }, accounts);
  }
  return {
    isReadOnlySet,
    blocks,
    async assertWritable(tx, accounts) {
      const [first] = await blocks(tx, accounts);
      if (first !== undefined) throw new SafetyError(first);
    },
  };
}
