import { access } from "node:fs/promises"
import { join } from "node:path"
import { Context, Effect, Option } from "effect"
import { dataDirectory } from "../dataDirectory.ts"
import { home, identityVariable } from "../Home.ts"
import { lazily } from "../lazily.ts"
import { chooseHubWay, type WayAsked } from "./HubWay.ts"

/** What the command line says of the way to the hub. */
export class AskedWay extends Context.Tag("mezite/cli/mezctl/AskedWay")<AskedWay, WayAsked>() {}

// Each needs much that the other one doesn't.
const throughSocket = lazily(() => import("./HubSocket.ts"), "hubOnThisHost")
const overNetwork = lazily(() => import("../HubClient.ts"), "hubClient")

/** What this process may not see is not there for it. */
const isThere = (path: string): Effect.Effect<boolean> => Effect.isSuccess(Effect.tryPromise(() => access(path)))

const waysFound = Effect.gen(function* () {
  const [directory, path] = [yield* dataDirectory, (yield* home).identity]
  const kept = yield* Effect.forEach(["hub.sock", "hub.json"], (name) => isThere(join(directory, name)))
  return {
    variable: yield* identityVariable,
    hub: { directory, isThere: kept.includes(true) },
    login: { path, isThere: yield* isThere(path) },
  }
})

/** The way that this command takes. */
export const hubWay = Effect.gen(function* () {
  return yield* chooseHubWay(yield* AskedWay, yield* waysFound)
})

/** A client of the hub that this command is for, for as long as the scope. */
export const adminHub = Effect.gen(function* () {
  const way = yield* hubWay
  return yield* way._tag === "Socket" ? throughSocket(way.directory) : overNetwork(Option.some(way.path))
})
