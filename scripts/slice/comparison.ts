import { topicCatalogue } from '@kempt/contracts';
import type { Deployment } from './deployment.ts';
import { checkFigures } from './figure-check.ts';
import { checkOutage } from './outage-check.ts';
import { dumpTopics, multisetDifference, type RecordedEvent, type TopicDump } from './recorded-event.ts';
import { createRestClient, digestOf, dumpRest, type RestDump, restDifference } from './rest-dump.ts';
import { checkServices } from './service-check.ts';
import { awaitFirstSync } from './settled.ts';

interface Seen {
  readonly topics: TopicDump;
  readonly rest: RestDump;
  readonly figures: string;
}

/** Reads the same simulated CRMs with both shapes and holds every event and every answer against each other. */
export async function runComparison(
  shapes: Readonly<Record<Deployment['shape'], (name: string) => Promise<Deployment>>>,
  seed: string,
): Promise<string> {
  const standalone = await see(await shapes.standalone('compare-standalone'), seed);
  const distributed = await see(await shapes.distributed('compare-distributed'), seed);
  const events = multisetDifference(lasting(standalone.topics), lasting(distributed.topics));
  const answers = restDifference(standalone.rest, distributed.rest);
  if (events.length > 0 || answers.length > 0) {
    throw new Error(
      [
        `${events.length} events differ`,
        ...events.slice(0, 20),
        `${answers.length} answers differ`,
        ...answers.slice(0, 10),
      ].join('\n  '),
    );
  }
  return [
    `${lasting(standalone.topics).length} events on each side are the same by topic, key, type, sequence and payload hash`,
    `${standalone.rest.answers.size} answers on each side are the same, digest ${digestOf(standalone.rest).slice(0, 16)}`,
    `standalone: ${standalone.figures}; distributed: ${distributed.figures}`,
    `delivered again: ${standalone.topics.redelivered} standalone, ${distributed.topics.redelivered} distributed`,
  ].join('\n');
}

/** Measurements were made at different moments and cannot be the same. */
const momentary = new Set(topicCatalogue.filter((topic) => topic.momentary === true).map(({ name }) => name));

const lasting = ({ events }: TopicDump): readonly RecordedEvent[] =>
  events.filter(({ topic }) => !momentary.has(topic));

async function see(deployment: Deployment, seed: string): Promise<Seen> {
  try {
    const begun = performance.now();
    await awaitFirstSync(deployment, 240_000);
    console.log(`${deployment.shape}: first sync after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    const bus = deployment.openBus();
    const topics = await dumpTopics(bus, 'slice-comparison');
    await bus.close();
    const rest = await dumpRest(createRestClient(deployment.apiUrl, deployment.apiKey));
    const figures = `${await checkServices(deployment, topics.events)}; ${await checkFigures(deployment, seed)}`;
    // Once is enough: uptime is worked out by the same code from the same events.
    const outage = deployment.shape === 'standalone' ? `; ${await checkOutage(deployment)}` : '';
    return { topics, rest, figures: `${figures}${outage}` };
  } finally {
    await deployment.stop();
  }
}
