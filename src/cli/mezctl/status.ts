import { join } from "node:path"
import { Effect, Option } from "effect"
import { currentIdentity } from "../CurrentIdentity.ts"
import { describeIdentity } from "../describeIdentity.ts"
import { printLine } from "../Output.ts"
import { adminHub, hubWay } from "./AdminHub.ts"

const lines = Effect.gen(function* () {
  const way = yield* hubWay
  if (way._tag === "Socket") return ["User:     local-admin", `By:       ${join(way.directory, "hub.sock")}`]
  const { identity } = yield* currentIdentity(Option.some(way.path))
  return [...describeIdentity(identity), `By:       ${way.path}`]
})

/** Says as whom, and by what, the other commands act; fails where the hub does not take that, or does not answer. */
export const status = Effect.fn("mezctl.status")(function* () {
  const said = yield* lines
  yield* adminHub
  yield* Effect.forEach(said, (line) => printLine(line), { discard: true })
}, Effect.scoped)
