import { type Command, InvalidArgumentError } from 'commander';
import { type ApiClient, segment } from '../api-client.ts';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-code.ts';
import { wholeNumber } from '../list-options.ts';
import { time } from '../output.ts';
import { fields, table } from '../output-table.ts';
import {
  type Attested,
  attestedBy,
  brokenBecause,
  type ChainEnd,
  type EvidenceLink,
  emptyChain,
} from './evidence-chain.ts';

interface EvidencePage {
  readonly items: readonly EvidenceLink[];
  readonly end: ChainEnd;
  readonly nextAfterSequence?: number;
}

interface ChangeSet {
  readonly version: number;
  readonly state: string;
  readonly journalHash?: string;
}

interface VerifyOptions {
  readonly deep?: boolean;
  readonly head?: string;
}

interface Verification {
  readonly holds: boolean;
  /** Links that hold. */
  readonly links: number;
  readonly end: ChainEnd;
  readonly broken?: { readonly sequence: number; readonly reason: string };
  /** With --deep: change sets whose journal is the attested one. */
  readonly changeSetsCompared?: number;
  /** With --deep: change sets on which work has gone on since the last link. */
  readonly changeSetsUnderWay?: number;
}

const path = '/v1/evidence';
const linksPerPage = 1_000;

/** `kempt evidence`: what was done and decided, sealed link by link. */
export function addEvidenceCommands(program: Command, context: CommandContext): void {
  const evidence = program.command('evidence').description('what was done and decided, sealed in a chain');

  evidence
    .command('list')
    .description('list the links of the chain, oldest first')
    .option('--after <sequence>', 'begin behind this link', wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .option('--limit <links>', 'at most so many', wholeNumber(1, linksPerPage), 50)
    .option('--subject <id>', 'only of this change set, review, task or finding')
    .action(async (options: { readonly after: number; readonly limit: number; readonly subject?: string }) => {
      const query = { afterSequence: options.after, limit: options.limit, subjectId: options.subject };
      const page = await (await context.api()).get<EvidencePage>(path, query);
      const output = context.output();
      output.show(page, () =>
        table(
          ['link', 'what', 'id', 'version', 'state', 'at', 'hash'],
          page.items.map((link) => [
            link.sequence,
            link.subjectKind,
            link.subjectId,
            link.subjectVersion,
            stateOf(attestedBy(link)),
            time(link.occurredAt),
            link.hash.slice(0, 16),
          ]),
          'The chain has no links.',
        ),
      );
      if (page.nextAfterSequence !== undefined) output.note(`There is more: --after ${page.nextAfterSequence}`);
    });

  evidence
    .command('verify')
    .description('download the chain and recompute it, without trusting the server')
    .option('--deep', 'compare the journal of each change set with what was attested of it, too')
    .option('--head <hash>', 'a hash that was noted earlier: the chain must still contain it', hash)
    .action(async (options: VerifyOptions) => {
      const result = await verify(await context.api(), options);
      context.output().show(result, () => describe(result));
      if (result.broken === undefined) return;
      throw new CliError(`The evidence does not hold. Link ${result.broken.sequence}: ${result.broken.reason}.`, {
        code: 'evidence-broken',
        exitCode: exitCodes.broken,
      });
    });
}

async function verify(api: ApiClient, { deep, head }: VerifyOptions): Promise<Verification> {
  /** The last link of each change set. */
  const changeSets = new Map<string, EvidenceLink>();
  let end = emptyChain;
  let isHeadSeen = head === undefined || head === emptyChain.hash;
  let told: ChainEnd = emptyChain;
  const broken = (sequence: number, reason: string): Verification => ({
    holds: false,
    links: end.sequence,
    end,
    broken: { sequence, reason },
  });
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: EvidencePage = await api.get(path, { afterSequence: after, limit: linksPerPage });
    for (const link of page.items) {
      const reason = brokenBecause(end, link);
      if (reason !== undefined) return broken(Math.min(link.sequence, end.sequence + 1), reason);
      end = { sequence: link.sequence, hash: link.hash };
      if (link.hash === head) isHeadSeen = true;
      if (link.subjectKind === 'change-set') changeSets.set(link.subjectId, link);
    }
    told = page.end;
    // A server that names no next page too early is found out by the end that it tells.
    after = page.nextAfterSequence === undefined || page.items.length === 0 ? undefined : end.sequence;
  }
  if (told.sequence > end.sequence) return broken(end.sequence + 1, `links up to ${told.sequence} are missing`);
  if (!isHeadSeen) {
    return broken(end.sequence + 1, 'the noted hash is not in the chain: its end was cut off, or it was made anew');
  }
  if (deep !== true) return { holds: true, links: end.sequence, end };
  let underWay = 0;
  for (const [id, link] of changeSets) {
    const difference = await differenceOf(api, id, link);
    if (difference === 'under way') underWay += 1;
    else if (difference !== undefined) return broken(link.sequence, difference);
  }
  return {
    holds: true,
    links: end.sequence,
    end,
    changeSetsCompared: changeSets.size - underWay,
    changeSetsUnderWay: underWay,
  };
}

/** What is different between a change set and what was attested of it last. */
async function differenceOf(api: ApiClient, id: string, link: EvidenceLink): Promise<string | undefined> {
  let now: ChangeSet;
  try {
    now = await api.get<ChangeSet>(`/v1/change-sets/${segment(id)}`);
  } catch (error) {
    if (error instanceof CliError && error.exitCode === exitCodes.notFound) return `change set ${id} does not exist`;
    throw error;
  }
  if (now.version > link.subjectVersion) return 'under way';
  const attested = attestedBy(link);
  if (now.version < link.subjectVersion) return `change set ${id} went back to an older version`;
  if (now.state !== attested.state) return `change set ${id} is ${now.state}, and was attested as ${attested.state}`;
  if ((now.journalHash ?? '') !== (attested.journalHash ?? '')) {
    return `the journal of change set ${id} is not the one that was attested`;
  }
  return undefined;
}

function describe({ links, end, broken, changeSetsCompared, changeSetsUnderWay }: Verification): string {
  return fields([
    ['Holds', broken === undefined],
    ['Links', links],
    ['Head', end.sequence === 0 ? undefined : end.hash],
    ['Change sets compared', changeSetsCompared],
    ['Change sets under way', changeSetsUnderWay],
    ['First broken link', broken?.sequence],
    ['Why', broken?.reason],
  ]);
}

function stateOf({ state, outcome, verdict, revoked }: Attested): string | undefined {
  return state ?? outcome ?? (revoked === true ? 'revoked' : verdict);
}

function hash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('A hash has 64 characters from 0 to f, as "kempt evidence verify" prints it.');
}
