import { Args, Command, Options } from "@effect/cli"
import { Effect } from "effect"
import { lazily } from "../lazily.ts"
import { identityOption } from "./rootCommand.ts"

const runProxy = lazily(() => import("./proxy.ts"), "proxy")
const runSsh = lazily(() => import("./ssh.ts"), "ssh")

const ssh = Command.make(
  "ssh",
  {
    login: Options.text("l").pipe(Options.withDescription("the account on the node"), Options.optional),
    port: Options.text("p").pipe(
      Options.withDescription("taken as ssh takes it; a node is reached through the hub, whatever its port"),
      Options.optional,
    ),
    forcePty: Options.boolean("t").pipe(Options.withDescription("a terminal, also for a command")),
    noPty: Options.boolean("T").pipe(Options.withDescription("no terminal")),
    localForwards: Options.text("L").pipe(Options.repeated),
    remoteForwards: Options.text("R").pipe(Options.repeated),
    destination: Args.text({ name: "[LOGIN@]NODE" }),
    command: Args.text({ name: "COMMAND" }).pipe(Args.repeated),
  },
  ({ localForwards, remoteForwards, ...options }) =>
    Effect.flatMap(identityOption, (identity) =>
      runSsh({ ...options, identity, forwards: [...localForwards, ...remoteForwards] }),
    ),
).pipe(Command.withDescription("A shell or a command on a node; its exit status, or 255 when the connection was lost"))

const proxy = Command.make("proxy", { node: Args.text({ name: "NODE" }) }, ({ node }) =>
  Effect.flatMap(identityOption, (identity) => runProxy(identity, node)),
).pipe(Command.withDescription("Join standard input and output with a node's SSH server, for OpenSSH's ProxyCommand"))

/** Commands that reach nodes. */
export const connectCommands = [ssh, proxy] as const
