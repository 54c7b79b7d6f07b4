import { Console, Effect } from "effect"

/**
 * The console that @effect/cli prints to: what was asked for goes to `write`; its own error texts are left out, because they
 * have many lines and ours has one.
 */
export const quietConsole = (write: (text: string) => void): Console.Console => {
  const silent = Effect.void
  const log = (...words: ReadonlyArray<unknown>) => Effect.sync(() => write(`${words.join(" ")}\n`))
  const none = () => silent
  return {
    [Console.TypeId]: Console.TypeId,
    assert: none,
    clear: silent,
    count: none,
    countReset: none,
    debug: none,
    dir: none,
    dirxml: none,
    error: none,
    group: none,
    groupEnd: silent,
    info: log,
    log,
    table: none,
    time: none,
    timeEnd: none,
    timeLog: none,
    trace: none,
    warn: none,
    unsafe: globalThis.console,
  }
}
