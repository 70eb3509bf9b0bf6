import { createHash } from 'node:crypto';

/** Answers of the API with everything taken out that says when or where it ran. */
export interface RestDump {
  /** Canonical JSON of each answer, by what was asked. */
  readonly answers: ReadonlyMap<string, string>;
}

/** Fields that tell when or where, not what. */
const volatile = new Set([
  'createdAt',
  'updatedAt',
  'lastSuccessAt',
  'trainedAt',
  'startedAt',
  'finishedAt',
  'since',
  'at',
  'recordedAt',
  'measuredAt',
  'stateAt',
  'loginUrl',
  'baseUrl',
  'nextCursor',
  'traceId',
]);

export interface RestClient {
  get(path: string): Promise<unknown>;
  list(path: string): AsyncGenerator<unknown>;
}

export function createRestClient(url: string, apiKey: string): RestClient {
  async function get(path: string): Promise<unknown> {
    const response = await fetch(new URL(path, url), {
      headers: { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(60_000),
    });
    if (response.status === 429) {
      await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(response.headers.get('retry-after') ?? 1)));
      return get(path);
    }
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
  return {
    get,
    async *list(path) {
      let cursor: string | undefined;
      do {
        const separator = path.includes('?') ? '&' : '?';
        const page = (await get(
          `${path}${separator}limit=200${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
        )) as { readonly items: readonly unknown[]; readonly nextCursor?: string };
        yield* page.items;
        cursor = page.nextCursor;
      } while (cursor !== undefined);
    },
  };
}

/** Asks for everything that a client can see of the slice. */
export async function dumpRest(client: RestClient): Promise<RestDump> {
  const answers = new Map<string, string>();
  const note = (what: string, answer: unknown) => answers.set(what, canonical(answer));

  const lists = [
    '/v1/connections',
    '/v1/records?includeDeleted=true',
    '/v1/clusters?minSize=1',
    '/v1/proposals?state=open',
    '/v1/proposals?state=held',
    '/v1/data-quality/scores',
    '/v1/data-quality/profiles',
  ];
  for (const list of lists) {
    for await (const item of client.list(list)) note(`${list} ${nameOf(item)}`, item);
  }
  note('/v1/models', await client.get('/v1/models'));

  const duplicates: { readonly goldenId: string; readonly members: readonly string[] }[] = [];
  for await (const item of client.list('/v1/clusters?minSize=2')) duplicates.push(item as (typeof duplicates)[number]);
  // Every fiftieth is enough to see whether two deployments explain alike.
  for (const [index, cluster] of duplicates.entries()) {
    if (index % 50 !== 0) continue;
    for (const path of [`/v1/clusters/${cluster.goldenId}`, `/v1/clusters/${cluster.goldenId}/explanation`]) {
      note(path, await client.get(path));
    }
    const member = encodeURIComponent(cluster.members[0] as string);
    note(`/v1/ids/${member}`, await client.get(`/v1/ids/${member}`));
    note(`/v1/records/${member}`, await client.get(`/v1/records/${member}`));
  }
  return { answers };
}

/** What tells an item of a list from the others, and is the same in every deployment. */
function nameOf(item: unknown): string {
  const { ref, goldenId, proposalId, issueId, account, object } = item as Readonly<Record<string, string | undefined>>;
  return ref ?? issueId ?? proposalId ?? goldenId ?? [account, object].filter(Boolean).join(' ');
}

/** Where two dumps differ, as readable lines. */
export function restDifference(left: RestDump, right: RestDump): string[] {
  const lines: string[] = [];
  for (const [what, answer] of left.answers) {
    const other = right.answers.get(what);
    if (other === undefined) lines.push(`only left: ${what}`);
    else if (other !== answer) lines.push(`differs: ${what}\n    ${answer.slice(0, 400)}\n    ${other.slice(0, 400)}`);
  }
  for (const what of right.answers.keys()) if (!left.answers.has(what)) lines.push(`only right: ${what}`);
  return lines;
}

export function digestOf(dump: RestDump): string {
  const hash = createHash('sha256');
  for (const what of [...dump.answers.keys()].toSorted()) hash.update(`${what}\n${dump.answers.get(what)}\n`);
  return hash.digest('hex');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (name, entry: unknown) => {
    if (volatile.has(name)) return undefined;
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry;
    return Object.fromEntries(Object.entries(entry).toSorted(([left], [right]) => (left < right ? -1 : 1)));
  });
}
