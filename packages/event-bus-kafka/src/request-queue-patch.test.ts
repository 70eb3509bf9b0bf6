import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { patchRequestQueue, type RequestQueue, requestQueueClass } from './request-queue-patch.ts';

const original = requestQueueClass.prototype.scheduleCheckPendingRequests;

function openQueue(): RequestQueue & { pending: unknown[]; throttledUntil: number } {
  const logger = { debug: () => {}, warn: () => {} };
  return new requestQueueClass({ requestTimeout: 1_000, enforceRequestTimeout: false, logger }) as never;
}

describe('request queue of kafkajs', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
    requestQueueClass.prototype.scheduleCheckPendingRequests = original;
  });

  test('as it comes, an idle queue sets a timer again and again; this is what the patch is for', () => {
    const queue = openQueue();
    queue.checkPendingRequests();
    jest.advanceTimersByTime(100);
    expect(jest.getTimerCount()).toBe(1);
  });

  test('patched, an idle queue sets no timer', () => {
    patchRequestQueue();
    const queue = openQueue();
    queue.checkPendingRequests();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('patched, a request that has to wait is looked at again when throttling ends', () => {
    patchRequestQueue();
    const queue = openQueue();
    const sent: number[] = [];
    queue.throttledUntil = Date.now() + 500;
    queue.pending.push({ send: () => sent.push(Date.now()), expectResponse: true });
    const startMs = Date.now();
    queue.checkPendingRequests();
    queue.checkPendingRequests();
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(499);
    expect(sent).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(sent).toEqual([startMs + 500]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('patched, a request that waits for others to be answered is looked at soon', () => {
    patchRequestQueue();
    const queue = openQueue() as ReturnType<typeof openQueue> & {
      maxInFlightRequests: number;
      inflight: Map<number, unknown>;
    };
    let sent = 0;
    queue.maxInFlightRequests = 1;
    queue.inflight.set(1, {});
    queue.pending.push({ send: () => (sent += 1), expectResponse: true });
    queue.checkPendingRequests();
    jest.advanceTimersByTime(10);
    expect(sent).toBe(0);
    queue.inflight.clear();
    jest.advanceTimersByTime(10);
    expect(sent).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
