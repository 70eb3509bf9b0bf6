import { EntityKind as EntityKindMessage } from '@kempt/contracts';

/** What a cluster stands for. Persons are matched with persons, organisations with organisations. */
export type EntityKind = 'person' | 'organisation';

export const entityKinds: readonly EntityKind[] = ['person', 'organisation'];

/** Objects of the CRMs that hold persons or organisations. Every other object is none of dedupe's business. */
const kindByObject: Readonly<Record<string, EntityKind>> = {
  Contact: 'person',
  Lead: 'person',
  contacts: 'person',
  Account: 'organisation',
  companies: 'organisation',
};

export function entityKindOfObject(object: string): EntityKind | undefined {
  return kindByObject[object];
}

export function entityKindMessage(kind: EntityKind): EntityKindMessage {
  return kind === 'person' ? EntityKindMessage.PERSON : EntityKindMessage.ORGANISATION;
}
