import { EventBusError, type EventBusErrorCode } from '@kempt/event-bus';

interface Row {
  readonly code: EventBusErrorCode;
  readonly problem: string;
  readonly remedy: string;
  /** Names of Kafka's protocol errors. */
  readonly types?: readonly string[];
  /** Names of the client's error classes. */
  readonly names?: readonly string[];
  /** Codes of Node's network and TLS errors. */
  readonly systemCodes?: RegExp;
}

/** The first row that fits any error of the chain of causes decides. */
const rows: readonly Row[] = [
  {
    code: 'bus-misconfigured',
    problem: 'the broker refused the login',
    remedy: 'Check user name, password or token, and that the listener offers this SASL mechanism.',
    names: ['KafkaJSSASLAuthenticationError'],
    types: ['SASL_AUTHENTICATION_FAILED', 'UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE'],
  },
  {
    code: 'bus-misconfigured',
    problem: 'the broker is not trusted over TLS',
    remedy: 'Give the certificate authority of the cluster, use the host name of its certificate, check its dates.',
    systemCodes: /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO$|HOSTNAME_MISMATCH)/,
  },
  {
    code: 'bus-misconfigured',
    problem: 'an ACL is missing',
    remedy: 'Grant it to this user: Write or Read and Describe on the topic, Read on the consumer group.',
    types: [
      'TOPIC_AUTHORIZATION_FAILED',
      'GROUP_AUTHORIZATION_FAILED',
      'CLUSTER_AUTHORIZATION_FAILED',
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    ],
  },
  {
    code: 'record-too-large',
    problem: 'the broker takes no event that large',
    remedy: 'Put its content behind a claim check, or raise max.message.bytes of the topic.',
    types: ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'],
  },
  {
    code: 'invalid-record',
    problem: 'the broker does not accept the event as it is',
    remedy: 'A compacted topic takes no event without a key, and no topic one whose time is far off.',
    types: ['INVALID_RECORD', 'INVALID_TIMESTAMP'],
  },
  {
    code: 'unknown-topic',
    problem: 'the topic does not exist',
    remedy: 'Declare it by ensureTopics, or create it on the cluster.',
    types: ['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION'],
  },
  {
    code: 'group-running',
    problem: 'the consumer group has running consumers',
    remedy: 'Stop them, then try again.',
    types: ['NON_EMPTY_GROUP'],
  },
  {
    code: 'bus-misconfigured',
    problem: 'the broker does not accept these settings',
    remedy: 'Compare partitions, replication factor, timeouts and topic settings with what the cluster allows.',
    types: [
      'INVALID_PARTITIONS',
      'INVALID_REPLICATION_FACTOR',
      'INVALID_CONFIG',
      'POLICY_VIOLATION',
      'INVALID_SESSION_TIMEOUT',
      'INCONSISTENT_GROUP_PROTOCOL',
      'GROUP_MAX_SIZE_REACHED',
      'INVALID_GROUP_ID',
      'UNSUPPORTED_VERSION',
      'UNSUPPORTED_COMPRESSION_TYPE',
    ],
  },
  {
    code: 'bus-unavailable',
    problem: 'too few replicas are in step to keep the event safe',
    remedy: 'It can be tried again; see which brokers are down.',
    types: ['NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'],
  },
];

const unreachable = {
  code: 'bus-unavailable',
  problem: 'the cluster does not answer',
  remedy: 'It can be tried again; check the address of the brokers, and whether their port speaks TLS.',
} as const;

/**
 * Turns whatever the client threw into an error with code, retriability and remedy. `action` says what was being done, as
 * the beginning of a sentence: `Publishing to topic "x"`.
 */
export function busError(action: string, cause: unknown): EventBusError {
  if (cause instanceof EventBusError) return cause;
  const chain = causesOf(cause);
  const row = rows.find((candidate) => chain.some((error) => fits(candidate, error))) ?? unreachable;
  const detail = chain.at(-1)?.message ?? String(cause);
  const message = `${action} failed: ${row.problem} (${detail}). ${row.remedy}`;
  return new EventBusError(row.code, message, { cause });
}

/** The protocol errors in the chain of causes, such as `OUT_OF_ORDER_SEQUENCE_NUMBER`. */
export function protocolErrorsOf(error: unknown): string[] {
  return causesOf(error).flatMap(({ type }) => (type === undefined ? [] : [type]));
}

interface Facts {
  readonly message: string;
  readonly name: string;
  readonly type: string | undefined;
  readonly systemCode: string | undefined;
}

function fits(row: Row, error: Facts): boolean {
  if (error.type !== undefined && row.types?.includes(error.type)) return true;
  if (row.names?.includes(error.name)) return true;
  return error.systemCode !== undefined && row.systemCodes?.test(error.systemCode) === true;
}

/** The error and what caused it, outermost first. Errors about several topics count as causes of the whole. */
function causesOf(error: unknown): Facts[] {
  const found: Facts[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (!(value instanceof Error) || seen.has(value)) return;
    seen.add(value);
    const { type, code, errors, cause } = value as {
      readonly type?: unknown;
      readonly code?: unknown;
      readonly errors?: unknown;
      readonly cause?: unknown;
    };
    found.push({
      message: value.message,
      name: value.name,
      type: typeof type === 'string' ? type : undefined,
      systemCode: typeof code === 'string' ? code : undefined,
    });
    visit(cause);
    if (Array.isArray(errors)) errors.forEach(visit);
  };
  visit(error);
  return found;
}
