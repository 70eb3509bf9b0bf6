import { isObjectId } from '../crm/hubspot/read-record.ts';

/** A record that a CRM says has changed. What it is like now is read, not taken from the notice. */
export interface Notice {
  readonly object: string;
  readonly recordId: string;
  readonly deleted: boolean;
  /** Records that were merged into this one. */
  readonly mergedFrom: readonly string[];
  readonly occurredAtMs: number;
}

export interface ReadNotices {
  readonly notices: readonly Notice[];
  /** Entries that tell of nothing that is read: other portals, other objects, other kinds of events. */
  readonly ignored: number;
}

const objectByPrefix: Readonly<Record<string, string>> = {
  contact: 'contacts',
  company: 'companies',
  deal: 'deals',
  ticket: 'tickets',
  product: 'products',
  line_item: 'line_items',
};

/** Standard objects by their type id; a custom object may be read under its type id itself. */
const objectByTypeId: Readonly<Record<string, string>> = {
  '0-1': 'contacts',
  '0-2': 'companies',
  '0-3': 'deals',
  '0-5': 'tickets',
  '0-7': 'products',
  '0-8': 'line_items',
  '0-19': 'feedback_submissions',
  '0-27': 'tasks',
  '0-46': 'notes',
  '0-47': 'meetings',
  '0-48': 'calls',
  '0-49': 'emails',
};

type Entry = Readonly<Record<string, unknown>>;

const idOf = (value: unknown): string | null => {
  const text = typeof value === 'number' ? String(value) : value;
  return isObjectId(text) ? text : null;
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const objectOfType = (typeId: unknown): string | null =>
  typeof typeId === 'string' ? (objectByTypeId[typeId] ?? typeId) : null;

/** The two ends of an association: `CONTACT_TO_COMPANY`, or type ids. */
function associatedObjects(entry: Entry): readonly [string | null, string | null] {
  const from = objectOfType(entry.fromObjectTypeId);
  const to = objectOfType(entry.toObjectTypeId);
  if (from !== null && to !== null) return [from, to];
  const [fromName = '', toName = ''] = textOf(entry.associationType).toLowerCase().split('_to_');
  return [objectByPrefix[fromName] ?? null, objectByPrefix[toName] ?? null];
}

function noticesOf(entry: Entry): Notice[] {
  const [prefix = '', kind = ''] = textOf(entry.subscriptionType).split('.');
  const occurredAtMs = typeof entry.occurredAt === 'number' ? entry.occurredAt : Number.NaN;
  if (!Number.isFinite(occurredAtMs)) return [];
  const notice = (object: string | null, id: unknown, more: Partial<Notice> = {}): Notice[] => {
    const recordId = idOf(id);
    if (object === null || recordId === null) return [];
    return [{ object, recordId, deleted: false, mergedFrom: [], occurredAtMs, ...more }];
  };
  if (kind === 'associationChange') {
    const [from, to] = associatedObjects(entry);
    return [...notice(from, entry.fromObjectId), ...notice(to, entry.toObjectId)];
  }
  const object = objectByPrefix[prefix] ?? (prefix === 'object' ? objectOfType(entry.objectTypeId) : null);
  switch (kind) {
    case 'creation':
    case 'restore':
    case 'propertyChange':
      return notice(object, entry.objectId);
    case 'deletion':
    case 'privacyDeletion':
      return notice(object, entry.objectId, { deleted: true });
    case 'merge': {
      // The survivor is a new record; both that went into it live on as its aliases.
      const survivor = entry.newObjectId ?? entry.objectId ?? entry.primaryObjectId;
      const merged = Array.isArray(entry.mergedObjectIds) ? entry.mergedObjectIds : [];
      const absorbed = [entry.primaryObjectId, ...merged].map(idOf).filter((id) => id !== null);
      return notice(object, survivor, { mergedFrom: absorbed.filter((id) => id !== idOf(survivor)) });
    }
    default:
      return [];
  }
}

/** Later notices of a record add to earlier ones. */
function joined(first: Notice, second: Notice): Notice {
  const [earlier, later] = first.occurredAtMs <= second.occurredAtMs ? [first, second] : [second, first];
  return {
    ...later,
    deleted: first.deleted || second.deleted,
    mergedFrom: [...new Set([...earlier.mergedFrom, ...later.mergedFrom])],
  };
}

/** What the entries of a call say of a portal's records, one notice a record, in the order of objects and ids. */
export function readNotices(
  entries: readonly unknown[],
  read: { readonly portalId: string; readonly objects: readonly string[] },
): ReadNotices {
  const notices = new Map<string, Notice>();
  let ignored = 0;
  for (const raw of entries) {
    const entry = (typeof raw === 'object' && raw !== null ? raw : {}) as Entry;
    const found = idOf(entry.portalId) === read.portalId ? noticesOf(entry) : [];
    const wanted = found.filter((notice) => read.objects.includes(notice.object));
    if (wanted.length === 0) ignored += 1;
    for (const notice of wanted) {
      const key = `${notice.object} ${notice.recordId}`;
      const other = notices.get(key);
      notices.set(key, other === undefined ? notice : joined(other, notice));
    }
  }
  const inOrder = [...notices].sort(([left], [right]) => (left < right ? -1 : 1));
  return { notices: inOrder.map(([, notice]) => notice), ignored };
}
