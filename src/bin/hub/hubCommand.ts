import * as fs from "node:fs"
import { join } from "node:path"
import { Command } from "@effect/cli"
import { Effect, Option } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { dataDirectory } from "../../cli/dataDirectory.ts"
import { printLine } from "../../cli/Output.ts"
import { WrongUsage } from "../../cli/WrongUsage.ts"
import { type ListenAddress, reachableAddress, showListenAddress } from "../../proxy/ListenAddress.ts"
import { logging } from "../process/logging.ts"
import { readConfig } from "../process/readConfig.ts"
import { StopRequest } from "../process/StopRequest.ts"
import { type RunningHub, startHub } from "./Hub.ts"
import { hubConfig } from "./HubConfig.ts"

/** Where clients on this host reach the hub. */
const reachable = (address: ListenAddress): string => showListenAddress(reachableAddress(address))

/** What `mezctl auth sign` tells the users of identity files. */
const keepEndpoint = (directory: string, hub: RunningHub) =>
  Effect.sync(() => {
    const here = Option.isSome(hub.pin) ? reachable(hub.listen) : `http://${reachable(hub.listen)}`
    const endpoint = { address: hub.entry?.address ?? here, ca_pin: Option.getOrNull(hub.pin) }
    fs.writeFileSync(join(directory, "hub.json"), `${JSON.stringify(endpoint)}\n`, { mode: 0o600 })
  })

const start = Effect.gen(function* () {
  const config = yield* readConfig(hubConfig)
  const directory = yield* dataDirectory
  const hub = yield* startHub(config, directory)
  yield* keepEndpoint(directory, hub)
  const pin = Option.match(hub.pin, { onNone: () => "", onSome: (value) => ` ca_pin=${value}` })
  yield* printLine(`mezhub ready listen=${showListenAddress(hub.listen)} ssh=${showListenAddress(hub.ssh)}${pin}`)
  yield* (yield* StopRequest).requested
  yield* hub.drain
}).pipe(
  Effect.scoped,
  Effect.provide(logging),
  Effect.catchIf(
    (error) => error._tag === "SqlError",
    (error) => new CommandFailed({ message: `the database cannot be used: ${error.message}` }),
  ),
)

const startCommand = Command.make("start", {}, () => start).pipe(
  Command.withDescription("Serve until told to stop: auth and proxy; prints one line when ready"),
)

/** The commands of `mezhub`. */
export const hubCommands = [startCommand] as const

/** `mezhub` itself. */
export const hubCommand = Command.make("mezhub", {}, () =>
  Effect.fail(new WrongUsage({ message: "which command? (see --help)" })),
).pipe(Command.withDescription("The hub of a Mezite cluster"), Command.withSubcommands(hubCommands))
