import type { SimulatorClock } from '../clock.ts';
import type { SimulatorReply } from '../http/http-server.ts';
import type { Random } from '../random.ts';

export interface HubSpotLimits {
  /** Calls in any ten seconds. */
  readonly tenSecondly: number;
  /** Calls in a day; null for OAuth apps, which have no daily limit. */
  readonly daily: number | null;
  /** Search calls in a second. */
  readonly searchPerSecond: number;
}

/** What a private app gets in a portal of the Professional tier. */
export const professionalLimits: HubSpotLimits = { tenSecondly: 190, daily: 625_000, searchPerSecond: 5 };

export interface RateLimits {
  /** Counts an ordinary call; the answer to give instead when a limit is crossed. */
  take(): SimulatorReply | null;
  /** Counts a search call, which has a limit of its own and no part in the others. */
  takeSearch(): SimulatorReply | null;
  /** Headers every ordinary answer carries. */
  headers(): Record<string, string>;
  set(limits: Partial<HubSpotLimits>): void;
  /** Ordinary calls so far today. */
  usedToday(): number;
  /** Calls refused so far, by policy. */
  refused(): Readonly<Record<string, number>>;
}

const dayMs = 86_400_000;

/** A 429 answer with the body the service gives for the policy. */
export function rateLimitReply(
  policy: 'TEN_SECONDLY_ROLLING' | 'SECONDLY' | 'DAILY',
  random: Random,
  headers: Readonly<Record<string, string>> = {},
): SimulatorReply {
  const body = {
    status: 'error',
    message: `You have reached your ${policy.toLowerCase()} limit.`,
    errorType: 'RATE_LIMIT',
    correlationId: random.uuid(),
    policyName: policy,
    groupName: `publicapi:private-app-api-calls-${policy === 'DAILY' ? 'daily' : policy === 'SECONDLY' ? 'secondly' : 'ten-secondly'}:4711001`,
  };
  return {
    status: 429,
    headers: { 'Content-Type': 'application/json;charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}

/** The times of the newest calls, in a ring as large as the limit. */
interface Window {
  take(now: number): boolean;
  used(now: number): number;
}

function createWindow(limit: number, lengthMs: number): Window {
  const times = new Float64Array(Math.max(1, limit)).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  return {
    take(now) {
      // The slot about to be overwritten holds the oldest call that still could count.
      if (limit <= 0 || (times[next] as number) > now - lengthMs) return false;
      times[next] = now;
      next = (next + 1) % times.length;
      return true;
    },
    used: (now) => times.reduce((count, time) => (time > now - lengthMs ? count + 1 : count), 0),
  };
}

export function createRateLimits(options: {
  readonly clock: SimulatorClock;
  readonly random: Random;
  readonly limits: HubSpotLimits;
}): RateLimits {
  const { clock, random } = options;
  let limits = options.limits;
  let window = createWindow(limits.tenSecondly, 10_000);
  let searchWindow = createWindow(limits.searchPerSecond, 1000);
  let day = Math.floor(clock.now() / dayMs);
  let today = 0;
  const refused: Record<string, number> = {};

  const rollDay = () => {
    const current = Math.floor(clock.now() / dayMs);
    if (current === day) return;
    day = current;
    today = 0;
  };
  const headers = (): Record<string, string> => {
    rollDay();
    const perSecond = Math.max(1, Math.floor(limits.tenSecondly / 10));
    return {
      ...(limits.daily === null
        ? {}
        : {
            'X-HubSpot-RateLimit-Daily': String(limits.daily),
            'X-HubSpot-RateLimit-Daily-Remaining': String(Math.max(0, limits.daily - today)),
          }),
      'X-HubSpot-RateLimit-Interval-Milliseconds': '10000',
      'X-HubSpot-RateLimit-Max': String(limits.tenSecondly),
      'X-HubSpot-RateLimit-Remaining': String(Math.max(0, limits.tenSecondly - window.used(clock.now()))),
      'X-HubSpot-RateLimit-Secondly': String(perSecond),
      'X-HubSpot-RateLimit-Secondly-Remaining': String(perSecond),
    };
  };
  const refuse = (policy: 'TEN_SECONDLY_ROLLING' | 'SECONDLY' | 'DAILY', extra: Record<string, string>) => {
    refused[policy] = (refused[policy] ?? 0) + 1;
    return rateLimitReply(policy, random, extra);
  };
  return {
    take() {
      rollDay();
      if (limits.daily !== null && today >= limits.daily) return refuse('DAILY', headers());
      if (!window.take(clock.now())) return refuse('TEN_SECONDLY_ROLLING', headers());
      today += 1;
      return null;
    },
    takeSearch: () => (searchWindow.take(clock.now()) ? null : refuse('SECONDLY', {})),
    headers,
    set(change) {
      limits = { ...limits, ...change };
      window = createWindow(limits.tenSecondly, 10_000);
      searchWindow = createWindow(limits.searchPerSecond, 1000);
    },
    usedToday() {
      rollDay();
      return today;
    },
    refused: () => ({ ...refused }),
  };
}
