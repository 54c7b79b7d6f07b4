import { Console, Effect } from "effect"

/** Escape sequences for colour and style. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what they begin with
const styles = /\x1b\[[\d;]*m/g

/**
 * The console that @effect/cli prints to: help goes to `write`, without styles unless `styled`; its own error texts
 * are left out, because they have many lines and ours has one.
 */
export const quietConsole = (write: (text: string) => void, styled: boolean): Console.Console => {
  const silent = Effect.void
  const log = (...words: ReadonlyArray<unknown>) =>
    Effect.sync(() => {
      const text = words.join(" ")
      write(`${styled ? text : text.replaceAll(styles, "")}\n`)
    })
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
