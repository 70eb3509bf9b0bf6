/**
 * Draws the pictures of the matching library's page with the library itself: generated contacts, a model learned from them, one person
 * who stands there in several forms. Usage: node --conditions=source scripts/entity-resolution-pictures.ts FOLDER
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type ClusterStep,
  createMatcher,
  decisionThreshold,
  mergeTreeSvg,
  resolve,
  trainModel,
  waterfallSvg,
} from '../packages/entity-resolution/src/index.ts';
import { contactSchema, generateContacts } from '../packages/entity-resolution/src/test-contacts.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('Say which folder the pictures belong in.');

const elena = {
  first: 'Elizabeth',
  last: 'Marwexman',
  email: 'elizabeth.marwexman@northwind.com',
  phone: '(415) 220-1987',
  city: 'Riverton',
  born: '1974-03-19',
};
const forms: Readonly<Record<string, Record<string, string>>> = {
  'crm 1': elena,
  'crm 2': { ...elena, first: 'Liz', email: 'liz.m@gmail.com', phone: '' },
  'shop 7': { ...elena, last: 'Marwexmann', city: '', born: '' },
  'shop 9': { ...elena, first: 'E.', phone: '', born: '1974-03-91' },
  // Somebody else who is reached at the second mailbox: agrees with one record and contradicts the others.
  'crm 4': {
    ...elena,
    first: 'Liz',
    email: 'liz.m@gmail.com',
    phone: '(212) 640-3917',
    city: 'Dover',
    born: '1947-03-19',
  },
  // Her husband, at the same phone and in the same city.
  'shop 8': { ...elena, first: 'Thomas', email: 'thomas.marwexman@northwind.com', born: '1971-11-02' },
};
const records = [
  ...generateContacts(400, 11).records,
  ...Object.entries(forms).map(([id, fields]) => ({ id, source: id.startsWith('crm') ? 'left' : 'right', fields })),
];
const model = await trainModel(records, contactSchema);
const matcher = createMatcher(model);
const steps: ClusterStep[] = [];
const { clusters } = await resolve(records, model, { onStep: (step) => steps.push(step) });

function waterfall(left: string, right: string): string {
  const [a, b] = [left, right].map((id) =>
    matcher.normalise({ id, source: id.startsWith('crm') ? 'left' : 'right', fields: forms[id] ?? {} }),
  );
  if (a === undefined || b === undefined) throw new Error(`${left} and ${right} are not both there.`);
  return waterfallSvg(matcher.explain(a, b), { left, right, threshold: decisionThreshold(model) });
}

const cluster = clusters.find((ids) => ids.includes('crm 1')) ?? [];
writeFileSync(path.join(folder, 'match.svg'), waterfall('crm 1', 'crm 2'));
writeFileSync(path.join(folder, 'no-match.svg'), waterfall('crm 1', 'shop 8'));
writeFileSync(path.join(folder, 'merge-tree.svg'), mergeTreeSvg(cluster, steps));
