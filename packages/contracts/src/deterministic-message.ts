import type { DescMessage, Message } from '@bufbuild/protobuf';

/** Fields through which a message can reach a map, worked out once per message type. */
const routes = new WeakMap<DescMessage, readonly Route[]>();

interface Route {
  readonly localName: string;
  readonly oneof: string | undefined;
  readonly kind: 'map' | 'list' | 'message';
  /** The message type behind the field, where it can reach a map itself. */
  readonly inner: DescMessage | undefined;
}

function reachesMap(desc: DescMessage, seen = new Set<DescMessage>()): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  return desc.fields.some(
    (field) => field.fieldKind === 'map' || (field.message !== undefined && reachesMap(field.message, seen)),
  );
}

function routesOf(desc: DescMessage): readonly Route[] {
  const known = routes.get(desc);
  if (known !== undefined) return known;
  const found = desc.fields.flatMap((field): Route[] => {
    const inner = field.message !== undefined && reachesMap(field.message) ? field.message : undefined;
    if (field.fieldKind !== 'map' && inner === undefined) return [];
    const kind = field.fieldKind === 'map' || field.fieldKind === 'list' ? field.fieldKind : 'message';
    return [{ localName: field.localName, oneof: field.oneof?.localName, kind, inner }];
  });
  routes.set(desc, found);
  return found;
}

/**
 * Gives a message whose maps are ordered by key, wherever they sit, so that equal content becomes equal bytes. Leaves the
 * given message alone; hands it back where nothing needs an order.
 */
export function withOrderedMaps<T extends Message>(desc: DescMessage, message: T): T {
  const found = routesOf(desc);
  if (found.length === 0) return message;
  const copy: Record<string, unknown> = { ...message };
  // `$typeName` is what makes an object a message; a spread keeps it.
  for (const { localName, oneof, kind, inner } of found) {
    if (oneof !== undefined) {
      const group = copy[oneof] as { case?: string; value?: unknown };
      if (group.case === localName) copy[oneof] = { case: localName, value: ordered(group.value, kind, inner) };
    } else {
      copy[localName] = ordered(copy[localName], kind, inner);
    }
  }
  return copy as T;
}

function ordered(value: unknown, kind: Route['kind'], inner: DescMessage | undefined): unknown {
  if (value === undefined) return undefined;
  const order = (item: unknown): unknown => (inner === undefined ? item : withOrderedMaps(inner, item as Message));
  if (kind === 'message') return order(value);
  if (kind === 'list') return (value as readonly unknown[]).map(order);
  const entries = Object.entries(value as Record<string, unknown>);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, item]) => [key, order(item)]));
}
