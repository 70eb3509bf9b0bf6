import { formatRecordRef, type RecordRefFields } from '@kempt/contracts';
import { type Static, Type } from 'typebox';
import { type Fields, plainOf } from '../schema/field-value.ts';
import { describeLink } from './examine-write.ts';
import { mainRecord, type Operation, type StoredOperation } from './operation.ts';

const ImageSchema = Type.Object({
  record: Type.String(),
  fields: Type.Record(Type.String(), Type.Unknown(), { description: 'Field values; null for a blank' }),
});

/** An operation as it is shown. */
export const OperationSchema = Type.Object(
  {
    index: Type.Integer(),
    kind: Type.String(),
    status: Type.String({
      description: 'draft, planned, applying, applied, failed, refused, undone or undo-failed',
    }),
    record: Type.Optional(Type.String()),
    master: Type.Optional(Type.String()),
    losers: Type.Optional(Type.Array(Type.String())),
    from: Type.Optional(Type.String()),
    to: Type.Optional(Type.String()),
    label: Type.Optional(Type.String()),
    fields: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    before: Type.Array(ImageSchema, { description: 'As read for the plan; of an update, the fields that it writes' }),
    after: Type.Array(ImageSchema, { description: 'As it will be, or after the apply as it was read back' }),
    links: Type.Array(
      Type.Object({
        kind: Type.String(),
        of: Type.String({ description: 'The record that it belongs to' }),
        object: Type.String(),
        recordId: Type.String(),
        field: Type.Optional(Type.String()),
        label: Type.Optional(Type.String()),
        text: Type.String(),
      }),
      { description: 'Children and associations that move' },
    ),
    mirrors: Type.Array(Type.String(), { description: 'Records of the other CRM that are the same' }),
    risks: Type.Array(Type.String()),
    calls: Type.Integer({ description: 'Calls to the CRM' }),
    undo: Type.Optional(
      Type.Object({
        grade: Type.String({ description: 'full, partial or new-id' }),
        losses: Type.Array(Type.String(), { description: 'What does not come back' }),
        expiresAt: Type.Optional(Type.String({ format: 'date-time' })),
      }),
    ),
    survivor: Type.Optional(Type.String()),
    recreated: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'New records by old ones' })),
    kept: Type.Optional(Type.Array(Type.String(), { description: 'What the undo left as others had changed it' })),
    reason: Type.Optional(Type.String()),
  },
  { title: 'Operation' },
);

type OperationBody = Static<typeof OperationSchema>;

const plainFields = (fields: Fields): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plainOf(value)]));

const plainChanges = (fields: Readonly<Record<string, Fields[string] | null>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value === null ? null : plainOf(value)]));

function requestBody(request: Operation): Partial<OperationBody> {
  switch (request.kind) {
    case 'update':
      return { record: formatRecordRef(request.record), fields: plainChanges(request.fields) };
    case 'merge':
      return {
        master: formatRecordRef(request.master),
        losers: request.losers.map(formatRecordRef),
        fields: plainChanges(request.fields),
      };
    case 'undelete':
      return { record: formatRecordRef(request.record) };
    case 'associate':
    case 'dissociate':
      return {
        from: formatRecordRef(request.from),
        to: formatRecordRef(request.to),
        ...(request.label === undefined ? {} : { label: request.label }),
      };
  }
}

/** The fields of an image that an operation is about: all of them for a merge, those that it writes for an update. */
function shownFields(stored: StoredOperation, fields: Fields): Record<string, unknown> {
  if (stored.request.kind !== 'update') return plainFields(fields);
  return Object.fromEntries(
    Object.keys(stored.request.fields).map((name) => {
      const value = fields[name];
      return [name, value === undefined ? null : plainOf(value)];
    }),
  );
}

function afterOf(stored: StoredOperation, main: RecordRefFields): OperationBody['after'] {
  const { plan, result } = stored;
  if (result !== null && stored.written) {
    return [
      { record: formatRecordRef({ ...main, recordId: result.recordId }), fields: shownFields(stored, result.after) },
    ];
  }
  const before = plan?.before[0];
  if (plan === null || before === undefined) return [];
  const after: Record<string, Fields[string]> = { ...before.fields };
  for (const [name, value] of Object.entries(plan.writes)) {
    if (value === null) delete after[name];
    else after[name] = value;
  }
  return [{ record: formatRecordRef(main), fields: shownFields(stored, after) }];
}

const dayMs = 86_400_000;

/** Everything that is known of an operation, with plain values. */
export function operationBody(stored: StoredOperation): OperationBody {
  const { request, plan, result } = stored;
  const main = mainRecord(request);
  const refOf = (recordId: string): string => formatRecordRef({ ...main, recordId });
  const losers = request.kind === 'merge' ? new Set(request.losers.map(({ recordId }) => recordId)) : null;
  const withinDays = plan?.undo.withinDays;
  const expiresAt =
    withinDays === undefined || result === null || !stored.written
      ? {}
      : { expiresAt: new Date(Date.parse(result.appliedAt) + withinDays * dayMs).toISOString() };
  return {
    index: stored.index,
    kind: request.kind,
    status: stored.status,
    ...requestBody(request),
    before: (plan?.before ?? []).map((image) => ({
      record: refOf(image.recordId),
      fields: shownFields(stored, image.fields),
    })),
    after: afterOf(stored, main),
    links: Object.entries(plan?.links ?? {})
      .filter(([id]) => losers === null || losers.has(id))
      .flatMap(([id, links]) =>
        links.map((link) => ({
          kind: link.kind,
          of: refOf(id),
          object: link.kind === 'reference' ? link.object : link.toObject,
          recordId: link.kind === 'reference' ? link.recordId : link.toId,
          ...(link.kind === 'reference' ? { field: link.field } : {}),
          ...(link.kind === 'association' && link.label !== null ? { label: link.label } : {}),
          text: describeLink(link),
        })),
      ),
    mirrors: [],
    risks: [...(plan?.risks ?? [])],
    calls: plan?.calls ?? 0,
    ...(plan === null ? {} : { undo: { grade: plan.undo.grade, losses: [...plan.undo.losses], ...expiresAt } }),
    ...(request.kind === 'merge' && result !== null && stored.written ? { survivor: refOf(result.recordId) } : {}),
    ...(result?.recreated === undefined
      ? {}
      : {
          recreated: Object.fromEntries(Object.entries(result.recreated).map(([old, id]) => [refOf(old), refOf(id)])),
        }),
    ...(result?.kept === undefined || result.kept.length === 0 ? {} : { kept: [...result.kept] }),
    ...(stored.reason === '' ? {} : { reason: stored.reason }),
  };
}
