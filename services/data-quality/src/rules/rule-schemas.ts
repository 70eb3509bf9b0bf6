import { Type } from 'typebox';
import { dimensions, entities, formats, severities } from './rule.ts';

const literals = <T extends string>(values: readonly T[]) => Type.Enum([...values]);

const canonicalField = Type.String({
  pattern: '^[a-z][A-Za-z]*(\\.[a-z][A-Za-z]*)?$',
  description: 'A canonical field, such as emails or address.city',
});

export const CheckSchema = Type.Union(
  [
    Type.Object(
      { kind: Type.Literal('filled'), anyOf: Type.Array(canonicalField, { minItems: 1, maxItems: 10 }) },
      { additionalProperties: false, description: 'At least one of the fields says something' },
    ),
    Type.Object(
      { kind: Type.Literal('format'), field: canonicalField, format: literals(formats) },
      { additionalProperties: false, description: 'Every value has the format' },
    ),
    Type.Object(
      { kind: Type.Literal('unique') },
      { additionalProperties: false, description: 'No other record of the object is the same' },
    ),
    Type.Object(
      { kind: Type.Literal('changed-within'), days: Type.Integer({ minimum: 1, maximum: 36_500 }) },
      { additionalProperties: false, description: 'Somebody changed the record in the last so many days' },
    ),
    Type.Object(
      { kind: Type.Literal('standard'), standardId: Type.String({ minLength: 1 }) },
      { additionalProperties: false, description: 'Values are written in the standard way' },
    ),
    Type.Object(
      { kind: Type.Literal('not-past-while-open'), field: canonicalField },
      { additionalProperties: false, description: 'The day has not passed while the deal is open' },
    ),
  ],
  { title: 'RuleCheck' },
);

const ruleProperties = {
  entity: literals(entities),
  objects: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'Only these objects, as the CRM names them',
    }),
  ),
  dimension: literals(dimensions),
  severity: literals(severities),
  weight: Type.Number({ exclusiveMinimum: 0, maximum: 100, description: 'Among the rules of its dimension' }),
  enabled: Type.Boolean({ default: true }),
  check: CheckSchema,
  message: Type.String({ minLength: 1, maxLength: 300, description: 'For people: what is wrong and what to do' }),
};

/** A rule as it is put. */
export const RuleBodySchema = Type.Object(ruleProperties, { title: 'RuleBody', additionalProperties: false });

export const RuleSchema = Type.Object({ id: Type.String(), ...ruleProperties }, { title: 'Rule' });

export const RuleListSchema = Type.Object(
  { version: Type.Integer({ description: 'Rises with every change of a rule' }), items: Type.Array(RuleSchema) },
  { title: 'RuleList' },
);
