import { readdir, readFile } from 'node:fs/promises';

/** A process and what it takes, as the kernel tells it. */
export interface ProcessMemory {
  readonly pid: number;
  readonly command: string;
  /** Proportional set size in bytes: pages that several processes share count a part for each. */
  readonly pssBytes: number;
}

async function processesOf(root: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    if (stat === undefined) continue;
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (let at = 0; at < tree.length; at += 1) tree.push(...(children.get(tree[at] as number) ?? []));
  return tree;
}

/** Memory of a process and everything that descends from it. */
export async function memoryOfTree(root: number): Promise<ProcessMemory[]> {
  const memories = await Promise.all((await processesOf(root)).map(memoryOf));
  return memories.filter((memory) => memory !== undefined);
}

/** What a process and its descendants hold in memory now, and the processor time they have used, ended children included. */
export async function treeUse(root: number): Promise<{ readonly residentBytes: number; readonly cpuSeconds: number }> {
  let pages = 0;
  let ticks = 0;
  for (const pid of await processesOf(root)) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    if (stat === undefined) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Fields 14 to 17 of proc(5): own time in user and system mode, then that of ended children. Field 24: resident pages.
    for (const at of [11, 12, 13, 14]) ticks += Number(fields[at]);
    pages += Number(fields[21]);
  }
  return { residentBytes: pages * 4096, cpuSeconds: ticks / 100 };
}

async function memoryOf(pid: number): Promise<ProcessMemory | undefined> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => undefined);
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(rollup ?? '')?.[1];
  if (kibibytes === undefined) return undefined;
  return { pid, command: command.replaceAll('\0', ' ').trim().slice(0, 120), pssBytes: Number(kibibytes) * 1024 };
}

/** Processor time that a process has used, in seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Fields 14 and 15 of proc(5), in clock ticks of 1/100 s.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
