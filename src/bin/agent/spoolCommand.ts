import { join } from "node:path"
import { Args, Command, Options } from "@effect/cli"
import { Effect, Stream } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { dataDirectory } from "../../cli/dataDirectory.ts"
import { printLine } from "../../cli/Output.ts"
import { type Columns, type ListFormat, printList } from "../../cli/printList.ts"
import { format } from "../../cli/sharedOptions.ts"
import { WrongUsage } from "../../cli/WrongUsage.ts"
import { SessionId } from "../../domain/Identifiers.ts"
import { listSpool, type SpoolEntry } from "../../node/spool/listSpool.ts"
import { retrySetAside } from "../../node/spool/retrySetAside.ts"
import type { FileFailed } from "../../session/FileFailed.ts"
import { directoryIsInUse } from "../process/directoryIsInUse.ts"

const wholeSeconds = (time: string | null) => time?.replace(/\.\d+(?=Z$)/, "") ?? "-"

const columns: Columns<SpoolEntry> = {
  header: ["SESSION ID", "USER", "MODE", "STARTED", "BYTES", "STATE", "NEXT ATTEMPT", "WHY"],
  row: (entry) => [
    entry.session_id,
    entry.user,
    entry.mode,
    wholeSeconds(entry.started_at),
    String(entry.bytes),
    entry.state === "set_aside" ? "set aside" : entry.state,
    wholeSeconds(entry.next_attempt_at),
    [entry.reason, entry.last_error ?? ""].filter((text) => text !== "").join("; "),
  ],
}

const unreadable = ({ message, code }: FileFailed) => {
  const mend =
    code === "ENOENT"
      ? "no agent has run with this directory: set MEZITE_DATA_DIR as it is for the agent"
      : "run this as root, or as the agent's user"
  return new CommandFailed({ message: `${message}; ${mend}` })
}

const agentDirectory = Effect.map(dataDirectory, (directory) => join(directory, "agent"))

const list = Effect.fn("mezd.spool.ls")(function* (format: ListFormat) {
  const directory = yield* agentDirectory
  const agentRuns = yield* directoryIsInUse(directory)
  const entries = yield* Effect.mapError(listSpool(join(directory, "spool"), { agentRuns }), unreadable)
  yield* printList(Stream.fromIterable(entries), format, columns)
})

const listCommand = Command.make("ls", { format }, ({ format }) => list(format)).pipe(
  Command.withDescription("List what waits for the hub on this machine's disk, and why"),
)

const retry = Effect.fn("mezd.spool.retry")(function* (ids: ReadonlyArray<SessionId>, all: boolean) {
  if (all === ids.length > 0) return yield* new WrongUsage({ message: "spool retry: which? Give their ids, or --all" })
  const directory = yield* agentDirectory
  const found = yield* Effect.mapError(retrySetAside(join(directory, "spool"), all ? "all" : ids), unreadable)
  const when = (yield* directoryIsInUse(directory)) ? "within half a minute" : "once the agent runs"
  for (const id of found) yield* printLine(`${id} goes to the hub ${when}`)
  const unknown = ids.find((id) => !found.includes(id))
  if (unknown === undefined) return
  yield* new CommandFailed({ message: `no recording ${unknown} is set aside; \`mezd spool ls\` lists what there is` })
})

const retryOptions = {
  ids: Args.text({ name: "ID" }).pipe(Args.withSchema(SessionId), Args.repeated),
  all: Options.boolean("all").pipe(Options.withDescription("all that are set aside")),
}

const retryCommand = Command.make("retry", retryOptions, ({ ids, all }) => retry(ids, all)).pipe(
  Command.withDescription("Let recordings that were set aside go to the hub again"),
)

/** What is on this machine's disk; it may be asked while the agent runs, and while it does not. */
export const spoolCommand = Command.make("spool", {}, () =>
  Effect.fail(new WrongUsage({ message: "spool: which command? (see --help)" })),
).pipe(
  Command.withDescription("The recordings on this machine's disk"),
  Command.withSubcommands([listCommand, retryCommand]),
)
