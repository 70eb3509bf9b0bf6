import { runUndoTrial } from '../../services/connector/src/changes/undo-trial.ts';

const mostShown = 20;

/**
 * Merges generated records in both simulated CRMs, takes everything back, and compares fields, links and children with what
 * they were. @returns one line of what was done
 */
export async function runUndo(options: { readonly merges: number }): Promise<string> {
  const report = await runUndoTrial({ merges: options.merges, seed: 2026, say: (line) => console.log(line) });
  if (report.differences.length > 0) {
    const more = report.differences.length - mostShown;
    for (const difference of report.differences.slice(0, mostShown)) console.log(difference);
    if (more > 0) console.log(`and ${more} more`);
    throw new Error(`${report.differences.length} differences after ${report.merges} merges were taken back`);
  }
  return `${report.merges} merges applied and taken back in ${report.seconds.toFixed(0)} s with ${report.writes} writes, no difference`;
}
