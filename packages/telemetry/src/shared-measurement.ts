/**
 * Gauges that come from one query: each asks for the measurement when it is scraped, and all of one scrape share one. A
 * failure is reported and otherwise ignored, since a scrape must answer without the database, too; the gauges then keep
 * what they last knew.
 */
export function shareMeasurement(measure: () => Promise<void>, onError: (error: unknown) => void): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= measure()
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
    return running;
  };
}
