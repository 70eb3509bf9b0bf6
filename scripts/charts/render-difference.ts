import { idOf, type KubernetesObject } from './kubernetes-object.ts';

/**
 * What is different between two renders, a line for each place: `+` is only in the second, `-` only in the first. Members of
 * lists are known by their name where they have one, so that one more does not move all others.
 */
export function renderDifference(
  before: readonly KubernetesObject[],
  after: readonly KubernetesObject[],
): readonly string[] {
  const old = placesOf(before);
  const now = placesOf(after);
  const ids = [...new Set([...before, ...after].map(idOf))].sort();
  return ids.flatMap((id) => {
    const oldPlaces = old.get(id) ?? new Map<string, string>();
    const newPlaces = now.get(id) ?? new Map<string, string>();
    const lines: string[] = [];
    for (const [place, value] of oldPlaces) {
      if (newPlaces.get(place) !== value) lines.push(`  - ${place} = ${value}`);
    }
    for (const [place, value] of newPlaces) {
      if (oldPlaces.get(place) !== value) lines.push(`  + ${place} = ${value}`);
    }
    if (!now.has(id)) return [`- ${id}`];
    if (lines.length === 0) return [];
    return [old.has(id) ? id : `+ ${id}`, ...lines];
  });
}

function placesOf(objects: readonly KubernetesObject[]): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return new Map(
    objects.map((object) => {
      const places = new Map<string, string>();
      collect(object, '', places);
      return [idOf(object), places];
    }),
  );
}

function collect(part: unknown, place: string, into: Map<string, string>): void {
  if (typeof part === 'object' && part !== null && Object.keys(part).length > 0) {
    for (const [key, child] of Array.isArray(part) ? part.map(keyed) : Object.entries(part)) {
      collect(child, place === '' ? key : `${place}.${key}`, into);
    }
    return;
  }
  let free = place;
  for (let copy = 2; into.has(free); copy += 1) free = `${place} (${copy})`;
  into.set(free, shortened(JSON.stringify(part)));
}

function keyed(member: unknown, index: number): [string, unknown] {
  const name = (member as { name?: unknown } | null)?.name;
  return [typeof name === 'string' ? `[${name}]` : `[${index}]`, member];
}

/** Long texts are files that are tested where they are made. */
function shortened(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 120)}... (${text.length} characters)`;
}
