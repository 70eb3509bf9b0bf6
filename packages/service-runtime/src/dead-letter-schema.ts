import { type Static, Type } from 'typebox';

const DateTime = Type.String({ format: 'date-time' });

/** An event that could not be applied or published, without its content. */
export const DeadLetterSchema = Type.Object({
  id: Type.String(),
  group: Type.String({ description: 'Consumer group that could not apply it; outbox where the bus refused it' }),
  topic: Type.String(),
  partition: Type.Integer(),
  offset: Type.String(),
  key: Type.String(),
  eventId: Type.Union([Type.String(), Type.Null()]),
  reason: Type.String(),
  stage: Type.String(),
  errorClass: Type.String(),
  errorCode: Type.Union([Type.String(), Type.Null()]),
  message: Type.String(),
  attempts: Type.Integer(),
  state: Type.String(),
  firstSeenAt: DateTime,
  lastSeenAt: DateTime,
});

export const DeadLetterPageSchema = Type.Object({
  items: Type.Array(DeadLetterSchema),
  nextCursor: Type.Optional(Type.String()),
});

/** A dead letter with the event as it came and with what people did to it. */
export const DeadLetterDetailsSchema = Type.Object({
  ...DeadLetterSchema.properties,
  headers: Type.Record(Type.String(), Type.String()),
  value: Type.Optional(
    Type.Union([Type.String(), Type.Null()], {
      description: 'The encoded event in base64; only for callers with the scope records:read',
    }),
  ),
  publishedAt: DateTime,
  actions: Type.Array(Type.Object({ action: Type.String(), actor: Type.String(), note: Type.String(), at: DateTime })),
});

export const DeadLetterQuerySchema = Type.Object({
  topic: Type.Optional(Type.String({ maxLength: 249 })),
  group: Type.Optional(Type.String({ maxLength: 249 })),
  reason: Type.Optional(Type.String({ maxLength: 64 })),
  state: Type.Optional(
    Type.Enum(['open', 'replaying', 'resolved', 'discarded', 'any'], { description: 'Default: open' }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 1_024 })),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
});

export const DeadLetterParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });

export const DeadLetterNoteSchema = Type.Object(
  { note: Type.String({ minLength: 1, maxLength: 1_000, description: 'Why; kept with the dead letter' }) },
  { additionalProperties: false },
);

export const DeadLetterResultSchema = Type.Object({ id: Type.String(), state: Type.String() });

export type DeadLetterBody = Static<typeof DeadLetterSchema>;
export type DeadLetterDetailsBody = Static<typeof DeadLetterDetailsSchema>;
