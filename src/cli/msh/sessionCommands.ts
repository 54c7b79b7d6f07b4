import { Args, Command, Options } from "@effect/cli"
import { Effect } from "effect"
import { lazily } from "../lazily.ts"
import { format, last, optionalText, textOption } from "../sharedOptions.ts"
import { WrongUsage } from "../WrongUsage.ts"
import { readPlayTimes } from "./readPlayTimes.ts"
import { identityOption } from "./rootCommand.ts"

const runSessions = lazily(() => import("./sessions.ts"), "listSessions")
const runPlay = lazily(() => import("./play.ts"), "play")
const runVerify = lazily(() => import("./verify.ts"), "verify")
const runExport = lazily(() => import("./export.ts"), "exportRecording")

const recording = Args.text({ name: "ID|FILE" })

const sessionsList = Command.make(
  "ls",
  {
    user: optionalText("user", "NAME", "only of this user"),
    node: optionalText("node", "NAME", "only on this node"),
    last,
    active: Options.boolean("active").pipe(Options.withDescription("only those that run now")),
    format,
  },
  (options) => Effect.flatMap(identityOption, (identity) => runSessions({ ...options, identity })),
).pipe(Command.withDescription("List sessions, the newest first"))

const sessions = Command.make("sessions", {}, () =>
  Effect.fail(new WrongUsage({ message: "sessions: ls is what there is (see --help)" })),
).pipe(Command.withSubcommands([sessionsList]), Command.withDescription("Recorded and running sessions"))

const play = Command.make(
  "play",
  {
    speed: Options.float("speed").pipe(
      Options.withPseudoName("N"),
      Options.withDefault(1),
      Options.withDescription("2 is twice as fast; 1 where it is not given"),
    ),
    skipIdle: optionalText("skip-idle", "DURATION", "cut pauses to this length, or to 2s where none is given"),
    from: optionalText("from", "TIME", "begin here, such as 90s or 00:01:30"),
    to: optionalText("to", "TIME", "stop here"),
    events: Options.choice("events", ["none", "notable", "all"] as const).pipe(
      Options.withDefault("none" as const),
      Options.withDescription("show commands, files and connections at their moment; all: also routine ones"),
    ),
    follow: Options.boolean("follow").pipe(Options.withDescription("go on with a session that still runs")),
    recording,
  },
  ({ events, follow, recording, ...times }) =>
    Effect.gen(function* () {
      const identity = yield* identityOption
      yield* runPlay({ ...(yield* readPlayTimes(times)), identity, events, follow, recording })
    }),
).pipe(Command.withDescription("Replay a session: space pauses, . steps, arrows seek, + and - change speed, q quits"))

const verify = Command.make(
  "verify",
  { key: optionalText("key", "KEY", "the hub's public recording key"), recording },
  (options) => Effect.flatMap(identityOption, (identity) => runVerify({ ...options, identity })),
).pipe(Command.withDescription("Check every seal of a recording"))

const exportCommand = Command.make(
  "export",
  {
    format: Options.choice("format", ["cast2", "cast3", "text", "json", "raw"] as const).pipe(
      Options.withDescription(
        "asciicast 2 or 3, what was shown as text, all that happened as JSON, or the bytes shown",
      ),
    ),
    output: textOption("output", "FILE", "the file to write; standard output where it is not given").pipe(
      Options.withAlias("o"),
      Options.optional,
    ),
    recording,
  },
  (options) => Effect.flatMap(identityOption, (identity) => runExport({ ...options, identity })),
).pipe(Command.withDescription("Write a recording as asciicast, plain text, JSON, or the bytes that were shown"))

/** Commands about sessions and their recordings. */
export const sessionCommands = [sessions, play, verify, exportCommand] as const
