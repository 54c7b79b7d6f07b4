import { Command } from "@effect/cli"
import { Effect } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { warn } from "../../cli/Output.ts"
import { makeNarrator, type Narrator } from "./Narrator.ts"
import { recordSession } from "./recordSession.ts"
import { runForOutput, runOnTerminal } from "./runProgram.ts"
import { shellWord } from "./shellWord.ts"
import { type Cluster, startCluster } from "./startCluster.ts"
import { commandFor, makeWorkspace, type Workspace } from "./Workspace.ts"

/** `msh play` was left with `^C`: nobody wants to see more of it, and nothing is wrong. */
const leftPlayer = 130

const replay = Effect.fn("quickstart.replay")(function* (workspace: Workspace, narrator: Narrator, { env }: Cluster) {
  yield* narrator.title("The replay, four times as fast")
  yield* narrator.say(`$ msh play --speed 4 ${workspace.recording}\n`)
  const words = ["play", "--speed", "4", workspace.recording]
  const code = yield* runOnTerminal({ program: workspace.program("msh"), words, env })
  if (code !== 0 && code !== leftPlayer) return yield* new CommandFailed({ message: "the recording can't be replayed" })
})

const verify = Effect.fn("quickstart.verify")(function* (workspace: Workspace, narrator: Narrator, { env }: Cluster) {
  yield* narrator.title("The proof")
  yield* narrator.say(`$ msh verify ${workspace.recording}`)
  const words = ["verify", workspace.recording]
  yield* narrator.step("Verified", runForOutput({ program: workspace.program("msh"), words, env }), (said) => said)
})

/** Commands that work as they stand, though nothing runs any more. */
const whatNext = Effect.fn("quickstart.next")(function* (workspace: Workspace, narrator: Narrator) {
  const recording = shellWord(workspace.recording)
  const msh = commandFor(workspace, "msh")
  yield* narrator.title("Hub and agent are stopped. Try next")
  yield* narrator.command(`${msh} play --skip-idle=1s ${recording}`, "replay it, pauses cut short (q quits)")
  yield* narrator.command(`${msh} export --format text ${recording}`, "what was shown, as text to search in")
  yield* narrator.command(
    `MEZITE_IDENTITY=${shellWord(workspace.identity)} ${msh} verify ${recording}`,
    "check every seal again; change one byte of the file and see",
  )
  yield* narrator.command(`rm -r ${shellWord(workspace.directory)}`, "remove all that this has written")
  yield* narrator.say("README.md says how to run a hub and agents that stay.\n")
})

const whereItLies = ({ directory }: Workspace) =>
  warn(`quickstart: what was written, logs too, is in ${directory} (to remove it: rm -r ${shellWord(directory)})`)

const quickStart = Effect.gen(function* () {
  const narrator = yield* makeNarrator
  yield* narrator.title("Mezite, from nothing to a verified recording")
  const workspace = yield* makeWorkspace
  const record = Effect.gen(function* () {
    yield* narrator.say(`Everything is in ${workspace.directory}, for you alone.\n`)
    const cluster = yield* startCluster(workspace, narrator)
    yield* recordSession(workspace, narrator, cluster)
    yield* replay(workspace, narrator, cluster)
    yield* verify(workspace, narrator, cluster)
  })
  yield* Effect.scoped(record).pipe(Effect.onError(() => whereItLies(workspace)))
  yield* whatNext(workspace, narrator)
})

/** `npm start`. */
export const quickStartCommand = Command.make("quickstart", {}, () => quickStart).pipe(
  Command.withDescription("Brings up a hub and an agent, records a session, replays and verifies it, and stops them"),
)
