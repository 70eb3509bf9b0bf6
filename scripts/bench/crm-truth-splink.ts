import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CrmSet } from './entity-resolution-crm.ts';
import { clusterPairScores, type Scores } from './entity-resolution-scores.ts';
import { measure } from './measured-process.ts';
import { peerEnvironment, peerPython } from './peer-environment.ts';

const mostSeconds = 600;
const columns =
  'id,source,first_name,last_name,email,phone,mobile,street,city,state,postal_code,country,company,birth_date';

/**
 * Splink on the same records, set up by hand for such contacts (peers/splink_contacts.py), at the best of its three thresholds, which
 * takes the truth to know. It is given the first e-mail address and two telephones of each record.
 */
export async function splinkScores(set: CrmSet, seed: string): Promise<Scores> {
  const folder = join('bench-results', `crm-${seed}`);
  mkdirSync(folder, { recursive: true });
  const [records, clusters] = [join(folder, 'records.csv'), join(folder, 'splink.csv')];
  writeFileSync(records, `${[columns, ...set.rows.map(lineOf)].join('\n')}\n`);
  const run = await measure(peerPython(), ['scripts/bench/peers/splink_contacts.py', records, clusters], {
    env: peerEnvironment(),
    mostSeconds,
  });
  if (run.failure !== null) throw new Error(`Splink failed: ${run.failure}`);
  const scores = ['', '.0.95', '.0.999'].map((ending) => {
    const lines = readFileSync(`${clusters}${ending}`, 'utf8').trimEnd().split(/\r?\n/).slice(1);
    const groups = Map.groupBy(
      lines.map((line) => line.replaceAll('"', '').split(',') as [string, string]),
      ([, cluster]) => cluster,
    );
    return clusterPairScores(
      [...groups.values()].map((members) => members.map(([id]) => id)),
      set.truth,
    );
  });
  return scores.toSorted((left, right) => right.f1 - left.f1)[0] as Scores;
}

function lineOf({ id, source, fields }: CrmSet['rows'][number]): string {
  const text = (name: string): string => String(fields[name] ?? '');
  const list = (name: string): readonly string[] => [fields[name] ?? []].flat().map(String);
  const [phone = '', mobile = ''] = list('phones');
  return [
    id,
    source,
    text('givenName'),
    `${text('familyName')} ${text('suffix')}`.trim(),
    list('emails')[0] ?? '',
    phone,
    mobile,
    text('street'),
    text('city'),
    text('region'),
    text('postalCode'),
    text('country'),
    text('organisationName'),
    text('birthDate'),
  ]
    .map((value) => `"${value.replaceAll('"', '""').replaceAll(/\s+/g, ' ')}"`)
    .join(',');
}
