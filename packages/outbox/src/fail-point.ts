/** Called at every place where a crash leaves another state behind; a test kills the process there, or rejects. */
export type FailPoint = (name: string) => Promise<void>;

export const noFailPoint: FailPoint = async () => {};
