import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { Effect } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { Stdio } from "../../cli/Stdio.ts"
import { shellWord } from "./shellWord.ts"

/** Where everything that a quick start writes is, and where the programs are that it runs. */
export interface Workspace {
  /** Of this user alone (0700). */
  readonly directory: string
  readonly hubData: string
  readonly agentData: string
  /** `MEZITE_HOME` of msh. */
  readonly home: string
  readonly identity: string
  /** A link to the recording. */
  readonly recording: string
  /** Of `mezhub`, `mezd`, `msh`, `mezctl`. */
  readonly program: (name: string) => string
  /** The package that this is. */
  readonly root: string
}

/** What a unix socket's path may have (unix(7)), its end included. */
const longestSocketPath = 108

const create = (): string => fs.mkdtempSync(join(tmpdir(), "mezite-"))

/** Makes the directory; it stays, for the recording is in it. */
export const makeWorkspace: Effect.Effect<Workspace, CommandFailed, Stdio> = Effect.gen(function* () {
  const bin = dirname(fs.realpathSync((yield* Stdio).program))
  const directory = yield* Effect.try({
    try: create,
    catch: (error) =>
      new CommandFailed({
        message: `no directory can be made in ${tmpdir()}; set TMPDIR to where one can (${String(error)})`,
      }),
  })
  const hubData = join(directory, "hub")
  if (join(hubData, "hub.sock").length >= longestSocketPath) {
    fs.rmdirSync(directory)
    return yield* new CommandFailed({ message: `${tmpdir()} is too long a path for sockets; set TMPDIR=/tmp` })
  }
  return {
    directory,
    hubData,
    agentData: join(directory, "agent"),
    home: join(directory, "home"),
    identity: join(directory, "alice.json"),
    recording: join(directory, "session.rec"),
    program: (name) => join(bin, `${name}.js`),
    root: join(bin, "..", ".."),
  }
})

/** How somebody runs a program from where they are. */
export const commandFor = (workspace: Workspace, name: string): string =>
  `node ${shellWord(relative(process.cwd(), workspace.program(name)))}`
