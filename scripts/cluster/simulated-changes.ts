import { forward } from './forwarding.ts';

/** Changes records in the simulated CRMs as their users would, from outside of the cluster. */
export interface SimulatedChanges {
  /** Changes the title of so many contacts, in both CRMs by turns. @returns how many records it changed */
  touch(count: number): Promise<number>;
  stop(): void;
}

interface Contacts {
  readonly path: string;
  readonly ids: readonly string[];
  readonly field: string;
}

export async function openSimulatedChanges(namespace: string, release: string): Promise<SimulatedChanges> {
  const forwarding = await forward(namespace, `${release}-simulators`, 8083);
  const { url } = forwarding;
  const contacts = await Promise.all([
    contactsOf(url, 'salesforce/records/Contact', 'Title'),
    contactsOf(url, 'hubspot/records/contacts', 'jobtitle'),
  ]);
  let turn = 0;
  return {
    async touch(count) {
      const stamp = Date.now().toString(36);
      for (let done = 0; done < count; ) {
        const batch = Array.from({ length: Math.min(20, count - done) }, () => {
          turn += 1;
          const crm = contacts[turn % contacts.length] as Contacts;
          return {
            crm,
            id: crm.ids[Math.floor(turn / contacts.length) % crm.ids.length] as string,
            value: `Engineer ${stamp}-${turn}`,
          };
        });
        await Promise.all(
          batch.map(async ({ crm, id, value }) => {
            const response = await fetch(`${url}/__control/${crm.path}/${id}`, {
              method: 'PATCH',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ [crm.field]: value }),
            });
            if (!response.ok) throw new Error(`The simulators answered ${response.status}: ${await response.text()}`);
            await response.arrayBuffer();
          }),
        );
        done += batch.length;
      }
      return count;
    },
    stop: forwarding.stop,
  };
}

async function contactsOf(url: string, path: string, field: string): Promise<Contacts> {
  const response = await fetch(`${url}/__control/${path}`);
  const records = (await response.json()) as readonly {
    readonly id?: string;
    readonly Id?: string;
    readonly archived?: boolean;
    readonly IsDeleted?: boolean;
  }[];
  const ids = records
    .filter((record) => record.archived !== true && record.IsDeleted !== true)
    .map((record) => String(record.id ?? record.Id));
  return { path, field, ids };
}
