import { Args, Command, Options } from "@effect/cli"
import { Effect } from "effect"
import { lazily } from "../lazily.ts"
import { optionalText, textOption } from "../sharedOptions.ts"
import { identityOption } from "./rootCommand.ts"

const runProxy = lazily(() => import("./proxy.ts"), "proxy")
const runSsh = lazily(() => import("./ssh.ts"), "ssh")

const forward = "[ADDRESS:]PORT:HOST:HOSTPORT"

const ssh = Command.make(
  "ssh",
  {
    login: optionalText("l", "LOGIN", "the account on the node"),
    port: optionalText("p", "PORT", "taken as ssh takes it; a node is reached through the hub, whatever its port"),
    forcePty: Options.boolean("t").pipe(Options.withDescription("a terminal, also for a command")),
    noPty: Options.boolean("T").pipe(Options.withDescription("no terminal")),
    noCommand: Options.boolean("N").pipe(Options.withDescription("no shell or command: forwarded ports alone")),
    localForwards: Options.repeated(textOption("L", forward, "listen here, connect from the node")),
    remoteForwards: Options.repeated(textOption("R", forward, "listen on the node's loopback, connect from here")),
    destination: Args.text({ name: "[LOGIN@]NODE" }),
    command: Args.text({ name: "COMMAND" }).pipe(Args.repeated),
  },
  (options) => Effect.flatMap(identityOption, (identity) => runSsh({ ...options, identity })),
).pipe(Command.withDescription("A shell or a command on a node; its exit status, or 255 when the connection was lost"))

const proxy = Command.make("proxy", { node: Args.text({ name: "NODE" }) }, ({ node }) =>
  Effect.flatMap(identityOption, (identity) => runProxy(identity, node)),
).pipe(Command.withDescription("Join standard input and output with a node's SSH server, for OpenSSH's ProxyCommand"))

/** Commands that reach nodes. */
export const connectCommands = [ssh, proxy] as const
