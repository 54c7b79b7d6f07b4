import { userInfo } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { Stdio } from "../../cli/Stdio.ts"
import type { Narrator } from "./Narrator.ts"
import { programEnvironment } from "./programEnvironment.ts"
import { runForOutput } from "./runProgram.ts"
import { startService } from "./startService.ts"
import type { Workspace } from "./Workspace.ts"

/** What a user of the cluster needs to know. */
export interface Cluster {
  /** `LOGIN@NODE`. */
  readonly destination: string
  /** The environment in which msh is its user. */
  readonly env: Readonly<Record<string, string | undefined>>
}

const user = "alice"
const node = "this-machine"

/** An agent that does not run as root serves its own user alone. */
const ownLogin = Effect.try({
  try: () => userInfo().username,
  catch: () => new CommandFailed({ message: "you have no account on this machine (id -un says so too)" }),
})

/** Brings up a hub and an agent on loopback and makes a user; all of it ends with the scope. */
export const startCluster = Effect.fn("quickstart.cluster")(function* (workspace: Workspace, narrator: Narrator) {
  const { env } = yield* Stdio
  const login = yield* ownLogin
  const hubEnv = programEnvironment(env, {
    MEZITE_DATA_DIR: workspace.hubData,
    MEZITE_LISTEN: "127.0.0.1:0",
    MEZITE_SSH_LISTEN: "127.0.0.1:0",
  })
  const log = (name: string) => join(workspace.directory, `${name}.log`)
  const mezctl = (...words: ReadonlyArray<string>) =>
    runForOutput({ program: workspace.program("mezctl"), words, env: hubEnv })

  const hub = yield* narrator.step(
    "Hub",
    startService({ program: workspace.program("mezhub"), env: hubEnv, log: log("mezhub") }),
    (ready) => `serves on ${ready.get("listen")}, and OpenSSH on ${ready.get("ssh")}`,
  )
  const agent = Effect.gen(function* () {
    const token = yield* mezctl("tokens", "add", "--type", "node", "--ttl", "10m")
    const agentEnv = programEnvironment(env, {
      MEZITE_DATA_DIR: workspace.agentData,
      MEZITE_HUB: hub.get("listen") ?? "",
      MEZITE_CA_PIN: hub.get("ca_pin") ?? "",
      MEZITE_JOIN_TOKEN: token,
      MEZITE_NODE_NAME: node,
      MEZITE_RECORDING_MODE: "node-sync",
    })
    return yield* startService({ program: workspace.program("mezd"), env: agentEnv, log: log("mezd") })
  })
  yield* narrator.step("Agent", agent, () => `has joined as ${node}, over a tunnel that it dialled itself`)
  const signUp = Effect.zipRight(
    mezctl("users", "add", user, "--roles", "user", "--logins", login),
    mezctl("auth", "sign", "--user", user, "--ttl", "12h", "--out", workspace.identity),
  )
  yield* narrator.step("User", signUp, () => `${user}, who may log in as ${login}`)
  return {
    destination: `${login}@${node}`,
    env: programEnvironment(env, { MEZITE_HOME: workspace.home, MEZITE_IDENTITY: workspace.identity }),
  } satisfies Cluster
})
