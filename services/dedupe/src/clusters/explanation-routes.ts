import { decisionThreshold, mergeTreeSvg, type NormalRecord, sentenceOf, waterfallSvg } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import { tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { unknownIdentity } from '../errors.ts';
import type { EntityKind } from '../matching/entity-kind.ts';
import { loadRecords, membersOf, recordKinds } from '../matching/match-record-store.ts';
import { inputRecord } from '../matching/record-scorer.ts';
import { lockFreeState } from '../models/model-store.ts';
import { standingVerdicts } from '../reviews/review-store.ts';
import { type Links, stepsOf } from './cluster-explanation.ts';
import type { ClusterRoutesOptions } from './cluster-routes.ts';
import { ExplanationSchema } from './cluster-schemas.ts';
import { loadCluster, resolveAlias } from './cluster-store.ts';
import { explainPair } from './pair-explanation.ts';

/** A cluster of more records is explained by its first ones; every pair would be too much to read. */
const explainedMembersMax = 20;

const svgType = 'image/svg+xml';

const RecordRefSchema = Type.String({ minLength: 3, maxLength: 400, description: 'account:object:recordId' });

/** Why records are one cluster, or why a record is not in it: as numbers that add up, or as a picture. */
export function registerExplanationRoutes({ http, database, models }: ClusterRoutesOptions): void {
  http.get(
    '/v1/clusters/:goldenId/explanation',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'Explain a cluster',
        description: [
          'For each pair of its records, the rows that add up to the match weight, and the merges that built the cluster.',
          'A cluster of more than 20 records is explained by the first 20. `with` names any record of the same kind, also',
          'one outside: only the pairs with it are explained, so that one sees why it belongs to the cluster or why not.',
          'As SVG (`format=svg`, or asked for by `Accept`): how the cluster was built, or with `with` the waterfall of that',
          'record and the one of the cluster that it agrees with most.',
        ].join(' '),
        params: Type.Object({ goldenId: Type.String({ format: 'uuid' }) }),
        querystring: Type.Object({
          with: Type.Optional(RecordRefSchema),
          format: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('svg')])),
        }),
        response: {
          200: {
            description: 'The explanation',
            content: {
              'application/json': { schema: ExplanationSchema },
              [svgType]: { schema: Type.String({ description: 'A picture with its content in words' }) },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { goldenId } = request.params;
      const { with: other, format = prefersSvg(request.headers.accept) ? 'svg' : 'json' } = request.query;
      const { explanation, picture } = await database.transaction(
        tenantOf(request),
        async (tx) => {
          const cluster = await loadCluster(tx, await resolveAlias(tx, goldenId));
          if (cluster === undefined) throw unknownIdentity(goldenId);
          const state = await lockFreeState(tx, cluster.entityKind);
          if (state.phase === 'collecting') throw unknownIdentity(goldenId);
          const { matcher, model } = await models.get(tx, cluster.entityKind, state.modelVersion);
          const members = (await membersOf(tx, [cluster.goldenId])).slice(0, explainedMembersMax).map(({ ref }) => ref);
          const records = await loadRecords(tx, other === undefined ? members : [...members, other]);
          const normals = new Map(
            records
              .toSorted((left, right) => (left.ref < right.ref ? -1 : 1))
              .map((record): [string, NormalRecord] => [record.ref, matcher.normalise(inputRecord(record))]),
          );
          if (other !== undefined && !(await isOfKind(tx, cluster.entityKind, normals, other)))
            throw unknownIdentity(other);
          const refs = [...normals.keys()];
          const wanted = refs.flatMap((left, at) =>
            refs
              .slice(at + 1)
              .filter((right) => other === undefined || left === other || right === other)
              .map((right) => [left, right] as const),
          );
          const pairs = wanted.map(([left, right]) =>
            explainPair(
              matcher,
              { ref: left, normal: normals.get(left) as NormalRecord },
              { ref: right, normal: normals.get(right) as NormalRecord },
            ),
          );
          const own = new Map([...normals].filter(([ref]) => members.includes(ref)));
          const steps = stepsOf(matcher, own, await linksAmong(tx, cluster.entityKind, [...own.keys()]));
          const threshold = decisionThreshold(model);
          return {
            explanation: {
              goldenId: cluster.goldenId,
              modelVersion: state.modelVersion,
              threshold,
              pairs,
              merges: steps.map((step) => ({
                left: [...step.left],
                right: [...step.right],
                meanWeight: step.meanWeight,
                neededWeight: step.neededWeight,
                reason: step.reason,
                summary: sentenceOf(step),
              })),
            },
            picture(): string {
              const best = pairs.toSorted((left, right) => right.weight - left.weight)[0];
              return other === undefined || best === undefined
                ? mergeTreeSvg([...own.keys()], steps, { nameOf: shortName })
                : waterfallSvg(best, { left: best.left, right: best.right, threshold });
            },
          };
        },
        { readOnly: true },
      );
      reply.header('vary', 'accept');
      if (format === 'json') return explanation;
      // What is serialised as JSON by default would be put into quotes.
      return reply
        .type(svgType)
        .serializer(String)
        .send(picture() as never);
    },
  );
}

/** A reference without the account, which is long and mostly the same. */
function shortName(ref: string): string {
  const [account = '', , object = '', ...id] = ref.split(':');
  return `${account} ${object} ${id.join(':')}`;
}

/** Whether a picture is asked for by name; who takes anything gets JSON. */
export function prefersSvg(accept: string | undefined): boolean {
  const types = (accept ?? '').split(',').map((each) => each.split(';')[0]?.trim().toLowerCase());
  return types.includes(svgType) && !types.includes('application/json') && !types.includes('text/html');
}

async function isOfKind(
  tx: Transaction,
  kind: EntityKind,
  normals: ReadonlyMap<string, NormalRecord>,
  ref: string,
): Promise<boolean> {
  return normals.has(ref) && (await recordKinds(tx, [ref])).get(ref) === kind;
}

/** What reviewers said of the records among themselves. */
async function linksAmong(tx: Transaction, kind: EntityKind, refs: readonly string[]): Promise<Links> {
  const own = new Set(refs);
  const among = (await standingVerdicts(tx, kind, refs)).filter(({ left, right }) => own.has(left) && own.has(right));
  const pairsOf = (wanted: string) =>
    among.filter(({ verdict }) => verdict === wanted).map(({ left, right }) => [left, right] as const);
  return { mustLink: pairsOf('same'), cannotLink: pairsOf('different') };
}
