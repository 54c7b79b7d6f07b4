import { until } from "../e2e/support/until.ts"

/** Waits for something; what does not come about is told, not thrown: the trial goes on to what it can still find out. */
export const within = async (
  what: string,
  ms: number,
  look: () => boolean | Promise<boolean>,
): Promise<ReadonlyArray<string>> =>
  until(what, look, ms).then(
    () => [],
    (error: Error) => [error.message],
  )
