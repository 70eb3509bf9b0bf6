import type { Random } from '../random.ts';

const topics = [
  'pricing',
  'the renewal',
  'onboarding',
  'the proposal',
  'next steps',
  'a support question',
  'the contract',
  'the demo',
  'delivery dates',
  'an invoice',
  'references',
  'the trial',
];
const outcomes = [
  'Left a voicemail.',
  'Will call back next week.',
  'Asked for a written offer.',
  'Wants to involve a colleague.',
  'No budget until next quarter.',
  'Very interested.',
  'Sent the brochure.',
  'Agreed on a follow-up meeting.',
  'Not the right contact any more.',
  'Please keep in the loop.',
];
const verbs = ['Call about', 'Follow up on', 'Discuss', 'Send information on', 'Clarify', 'Prepare'];

export const activitySubject = (random: Random): string => `${random.pick(verbs)} ${random.pick(topics)}`;

export const activityBody = (random: Random): string =>
  random.chance(0.3)
    ? `Spoke about ${random.pick(topics)}. ${random.pick(outcomes)} ${random.pick(outcomes)}`
    : random.pick(outcomes);
