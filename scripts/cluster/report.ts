/** Counts and prints what was shown, and ends with the line that CI reads. */
export interface Report {
  /** Runs a step; what it throws counts as failed. @returns whether it passed */
  step(title: string, work: () => Promise<string | void>): Promise<boolean>;
  note(line: string): void;
  readonly failed: number;
  finish(): void;
}

export function createReport(print: (line: string) => void = console.log): Report {
  const began = performance.now();
  const counts = { passed: 0, failed: 0 };
  return {
    async step(title, work) {
      const start = performance.now();
      const seconds = (): string => `${((performance.now() - start) / 1_000).toFixed(1)} s`;
      try {
        const remark = await work();
        counts.passed += 1;
        print(`ok      ${title} (${seconds()})${remark === undefined ? '' : `: ${remark}`}`);
        return true;
      } catch (error) {
        counts.failed += 1;
        print(`FAILED  ${title} (${seconds()}): ${error instanceof Error ? error.message : String(error)}`);
        return false;
      }
    },
    note: (line) => print(`        ${line}`),
    get failed() {
      return counts.failed;
    },
    finish() {
      print(`Took ${((performance.now() - began) / 1_000).toFixed(0)} s.`);
      print(`${counts.passed} passed, ${counts.failed} failed`);
    },
  };
}
