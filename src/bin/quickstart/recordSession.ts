import { existsSync, symlinkSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { Stdio } from "../../cli/Stdio.ts"
import { SessionId } from "../../domain/Identifiers.ts"
import type { Narrator } from "./Narrator.ts"
import { runForOutput, runOnTerminal, spawnProgram } from "./runProgram.ts"
import type { Cluster } from "./startCluster.ts"
import { scriptLines, typeScript } from "./typeScript.ts"
import type { Workspace } from "./Workspace.ts"

/** A shell that writes no history: a quick start leaves nothing in anybody's home. */
const ownShell = `exec env HISTFILE= "$SHELL" -l`
/** The same everywhere, whatever somebody's own shell and its settings are. */
const plainShell = `exec env HISTFILE= ENV= 'PS1=$LOGNAME@this-machine$ ' sh -i`

const Sessions = Schema.parseJson(Schema.Array(Schema.Struct({ session_id: SessionId })))

const interactive = Effect.fn("quickstart.interactive")(function* (
  workspace: Workspace,
  narrator: Narrator,
  { destination, env }: Cluster,
) {
  yield* narrator.title("A recorded session, through the hub: yours")
  yield* narrator.say(`$ msh ssh ${destination}`)
  yield* narrator.say("Type what you like; all of it is recorded. `exit` ends the session.\n")
  const words = ["ssh", "-t", destination, ownShell]
  const code = yield* runOnTerminal({ program: workspace.program("msh"), words, env })
  if (code === 255) return yield* new CommandFailed({ message: "the session could not be kept up (see above)" })
})

const scripted = Effect.fn("quickstart.scripted")(function* (
  workspace: Workspace,
  narrator: Narrator,
  { destination, env }: Cluster,
) {
  const text = yield* Effect.promise(() => readFile(join(workspace.root, "fixtures/quickstart/session.txt"), "utf8"))
  const lines = scriptLines(text)
  yield* narrator.title("A recorded session, through the hub")
  yield* narrator.say(`$ msh ssh ${destination}`)
  const session = spawnProgram(
    {
      program: workspace.program("msh"),
      words: ["ssh", "-t", destination, plainShell],
      env: { ...env, TERM: "xterm" },
    },
    "pipe",
  ).pipe(
    Effect.flatMap((child) => typeScript(child, lines)),
    Effect.scoped,
  )
  yield* narrator.step("Session", session, () => `${lines.length} lines of fixtures/quickstart/session.txt were typed`)
})

/** Where the hub has put the only session that there was. */
const findRecording = Effect.fn("quickstart.find")(function* (workspace: Workspace, { env }: Cluster) {
  const words = ["sessions", "ls", "--format", "json"]
  const listed = yield* runForOutput({ program: workspace.program("msh"), words, env })
  const [session] = yield* Schema.decode(Sessions)(listed).pipe(Effect.orDie)
  if (session === undefined) return yield* new CommandFailed({ message: "the hub knows of no session" })
  const path = join(workspace.hubData, "recordings", `${session.session_id}.rec`)
  if (!existsSync(path)) return yield* new CommandFailed({ message: `the hub has not stored ${path}` })
  yield* Effect.sync(() => symlinkSync(path, workspace.recording))
  return path
})

/** Opens a session, interactive where there is a terminal, else typed from a script; and finds the recording. */
export const recordSession = Effect.fn("quickstart.record")(function* (
  workspace: Workspace,
  narrator: Narrator,
  cluster: Cluster,
) {
  const { stdin, stdout } = yield* Stdio
  const session = stdin.isTTY && stdout.isTTY ? interactive : scripted
  yield* session(workspace, narrator, cluster)
  yield* narrator.step("Recording", findRecording(workspace, cluster), (path) => path)
})
