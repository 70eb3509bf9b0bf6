import { expect, test } from '@jest/globals';
import type { OffsetsByTopicPartition } from 'kafkajs';
import { createOffsetCommits } from './offset-commits.ts';

const at = (partition: number, offset: string, topic = 'records') => ({ topic, partition, offset });
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A cluster that takes offsets when it is told to. */
function slowCluster() {
  const requests: { readonly offsets: OffsetsByTopicPartition; readonly end: PromiseWithResolvers<void> }[] = [];
  const send = (offsets: OffsetsByTopicPartition): Promise<void> => {
    const end = Promise.withResolvers<void>();
    requests.push({ offsets, end });
    return end.promise;
  };
  return { requests, send };
}

test('offsets of chunks that are done together go in one request, and later ones in the next', async () => {
  const { requests, send } = slowCluster();
  const commits = createOffsetCommits();
  const first = [
    commits.commit(send, at(0, '5')),
    commits.commit(send, at(1, '7')),
    commits.commit(send, at(0, '2', 'runs')),
  ];
  await settled();
  const second = [commits.commit(send, at(0, '9')), commits.commit(send, at(2, '1'))];
  await settled();
  expect(requests).toHaveLength(1);
  requests[0]?.end.resolve();
  await Promise.all(first);
  await settled();
  requests[1]?.end.resolve();
  await Promise.all(second);
  expect(requests.map(({ offsets }) => offsets.topics)).toEqual([
    [
      {
        topic: 'records',
        partitions: [
          { partition: 0, offset: '5' },
          { partition: 1, offset: '7' },
        ],
      },
      { topic: 'runs', partitions: [{ partition: 0, offset: '2' }] },
    ],
    [
      {
        topic: 'records',
        partitions: [
          { partition: 0, offset: '9' },
          { partition: 2, offset: '1' },
        ],
      },
    ],
  ]);
});

test('a request that fails fails for all who shared it, and for nobody after them', async () => {
  const { requests, send } = slowCluster();
  const commits = createOffsetCommits();
  const shared = [commits.commit(send, at(0, '5')), commits.commit(send, at(1, '7'))];
  const outcomes = Promise.allSettled(shared);
  await settled();
  requests[0]?.end.reject(new Error('the generation is over'));
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const later = commits.commit(send, at(0, '5'));
  await settled();
  requests[1]?.end.resolve();
  await later;
});
