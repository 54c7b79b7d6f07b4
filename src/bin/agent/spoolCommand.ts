import { join } from "node:path"
import { Command } from "@effect/cli"
import { Effect, Stream } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { dataDirectory } from "../../cli/mezctl/HubSocket.ts"
import { type Columns, type ListFormat, printList } from "../../cli/printList.ts"
import { format } from "../../cli/sharedOptions.ts"
import { WrongUsage } from "../../cli/WrongUsage.ts"
import { listSpool, type SpoolEntry } from "../../node/spool/listSpool.ts"
import { directoryIsInUse } from "../process/directoryIsInUse.ts"

const wholeSeconds = (time: string | null) => time?.replace(/\.\d+(?=Z$)/, "") ?? "-"

const columns: Columns<SpoolEntry> = {
  header: ["SESSION ID", "USER", "MODE", "STARTED", "BYTES", "STATE", "NEXT ATTEMPT", "WHY"],
  row: (entry) => [
    entry.session_id,
    entry.user ?? "-",
    entry.mode ?? "-",
    wholeSeconds(entry.started_at),
    String(entry.bytes),
    entry.state === "set_aside" ? "set aside" : entry.state,
    wholeSeconds(entry.next_attempt_at),
    [entry.reason, entry.last_error ?? ""].filter((text) => text !== "").join("; "),
  ],
}

const unreadable = (message: string, code: string) => {
  const mend =
    code === "ENOENT"
      ? "no agent has run with this directory: set MEZITE_DATA_DIR as it is for the agent"
      : "run this as root, or as the agent's user"
  return new CommandFailed({ message: `${message}; ${mend}` })
}

const list = Effect.fn("mezd.spool.ls")(function* (format: ListFormat) {
  const directory = join(yield* dataDirectory, "agent")
  const agentRuns = yield* directoryIsInUse(directory)
  const entries = yield* Effect.mapError(listSpool(join(directory, "spool"), { agentRuns }), ({ message, code }) =>
    unreadable(message, code),
  )
  yield* printList(Stream.fromIterable(entries), format, columns)
})

const listCommand = Command.make("ls", { format }, ({ format }) => list(format)).pipe(
  Command.withDescription("List what waits for the hub on this machine's disk, and why"),
)

/** What is on this machine's disk; it may be asked while the agent runs, and while it does not. */
export const spoolCommand = Command.make("spool", {}, () =>
  Effect.fail(new WrongUsage({ message: "spool: which command? (see --help)" })),
).pipe(Command.withDescription("The recordings on this machine's disk"), Command.withSubcommands([listCommand]))
