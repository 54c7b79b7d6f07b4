import { Effect, Stream } from "effect"
import { printLine } from "../Output.ts"
import { type ListFormat, printList } from "../printList.ts"
import { adminHub } from "./AdminHub.ts"

/** Prints a setting's value. */
export const getSetting = Effect.fn("mezctl.config.get")(function* (key: string) {
  const client = yield* adminHub
  yield* printLine(yield* client.ConfigGet({ key }))
}, Effect.scoped)

/** Changes a setting; it holds for what begins from then on. */
export const setSetting = Effect.fn("mezctl.config.set")(function* (key: string, value: string) {
  const client = yield* adminHub
  yield* client.ConfigSet({ key, value })
}, Effect.scoped)

/** Lists all settings. */
export const listSettings = Effect.fn("mezctl.config.ls")(function* (format: ListFormat) {
  const client = yield* adminHub
  yield* printList(Stream.fromIterable(yield* client.ConfigList()), format, {
    header: ["KEY", "VALUE"],
    row: ({ key, value }) => [key, value],
  })
}, Effect.scoped)
