import { Args, Command, Options } from "@effect/cli"
import { SessionId } from "../../domain/Identifiers.ts"
import { lazily } from "../lazily.ts"
import { format, reasonFor, textOption } from "../sharedOptions.ts"
import { group } from "./rootCommand.ts"

const runList = lazily(() => import("./recordings.ts"), "listRecordings")
const runRemove = lazily(() => import("./recordings.ts"), "removeRecording")
const runHold = lazily(() => import("./recordings.ts"), "holdRecording")
const runRelease = lazily(() => import("./recordings.ts"), "releaseRecording")
const runDownload = lazily(() => import("./downloadRecording.ts"), "downloadRecording")

const id = Args.text({ name: "ID" }).pipe(Args.withSchema(SessionId))
const reason = reasonFor("why, for the audit log")

const list = Command.make(
  "ls",
  {
    pending: Options.boolean("pending").pipe(Options.withDescription("only those that wait to be stored")),
    held: Options.boolean("held").pipe(Options.withDescription("only those that may not be deleted")),
    format,
  },
  ({ pending, held, format }) => runList({ pending, held }, format),
).pipe(Command.withDescription("List recordings, those of the newest sessions first"))

const remove = Command.make("rm", { id, reason }, ({ id, reason }) => runRemove(id, reason)).pipe(
  Command.withDescription(
    "Delete a recording for good; an encrypted one can't be read from then on, whoever has a copy",
  ),
)

const hold = Command.make("hold", { id, reason }, ({ id, reason }) => runHold(id, reason)).pipe(
  Command.withDescription("Keep a recording from being deleted, by anybody or when its time is over"),
)

const release = Command.make("release", { id }, ({ id }) => runRelease(id)).pipe(Command.withDescription("Undo hold"))

const download = Command.make(
  "download",
  {
    id,
    out: textOption("out", "FILE", "the file to write; ID.rec where it is not given").pipe(
      Options.withAlias("o"),
      Options.optional,
    ),
  },
  ({ id, out }) => runDownload(id, out),
).pipe(Command.withDescription("Write a recording to a file as it is stored, sealed and maybe encrypted"))

const recordings = group("recordings", "What becomes of recordings").pipe(
  Command.withSubcommands([list, remove, hold, release, download]),
)

/** Commands about recordings. */
export const recordingCommands = [recordings] as const
