import type { EventBus } from '@kempt/event-bus';

/** Stands where a service that does not use events would have its bus, and says so when it is used all the same. */
export function createAbsentBus(): EventBus {
  const refuse = async (): Promise<never> => {
    throw new Error('This service was defined with usesEvents: false, so it has no event bus.');
  };
  return {
    ensureTopics: refuse,
    publish: refuse,
    subscribe: refuse,
    lag: refuse,
    seekGroup: refuse,
    ping: refuse,
    close: async () => undefined,
  };
}
