import { afterEach, describe } from '@jest/globals';
import type { ConformanceHarness } from './conformance/conformance-harness.ts';
import { createConformanceRun } from './conformance/conformance-run.ts';
import { testDeliveryGuarantees } from './conformance/delivery-guarantees.ts';
import { testFaultGuarantees } from './conformance/fault-guarantees.ts';
import { testGroupGuarantees } from './conformance/group-guarantees.ts';
import { testLogGuarantees } from './conformance/log-guarantees.ts';

export type { ChildBus, ChildBusModule, ConformanceHarness } from './conformance/conformance-harness.ts';

/** Holds every promise of the port against one adapter. Call it once at the top of a test file. */
export function describeEventBusConformance(name: string, harness: ConformanceHarness): void {
  const run = createConformanceRun(harness);
  describe(`event bus conformance: ${name}`, () => {
    afterEach(() => run.closeBuses());
    describe('log', () => testLogGuarantees(run));
    describe('delivery', () => testDeliveryGuarantees(run));
    describe('groups', () => testGroupGuarantees(run));
    describe('faults', () => testFaultGuarantees(run));
  });
}
