import { Args, Command, Options } from "@effect/cli"
import { DurationText } from "../../domain/Durations.ts"
import { Login, NodeName, UserName } from "../../domain/Identifiers.ts"
import { LockId } from "../../domain/Lock.ts"
import { lazily } from "../lazily.ts"
import { format, reason } from "../sharedOptions.ts"
import { group } from "./rootCommand.ts"

const runAdd = lazily(() => import("./locks.ts"), "addLock")
const runList = lazily(() => import("./locks.ts"), "listLocks")
const runRemove = lazily(() => import("./locks.ts"), "removeLock")

const add = Command.make(
  "add",
  {
    user: Options.text("user").pipe(
      Options.withSchema(UserName),
      Options.withDescription("shut this user out, everywhere"),
      Options.optional,
    ),
    node: Options.text("node").pipe(
      Options.withSchema(NodeName),
      Options.withDescription("shut everybody out of this node, and the node out of the cluster"),
      Options.optional,
    ),
    login: Options.text("login").pipe(
      Options.withSchema(Login),
      Options.withDescription("shut everybody out of the accounts of this name, on every node"),
      Options.optional,
    ),
    ttl: Options.text("ttl").pipe(
      Options.withSchema(DurationText),
      Options.withDescription("how long, such as 30m or 7d; without it until the lock is removed"),
      Options.optional,
    ),
    reason,
  },
  runAdd,
).pipe(Command.withDescription("Shut somebody or something out at once, and end what runs; prints the lock's id"))

const list = Command.make("ls", { format }, ({ format }) => runList(format)).pipe(
  Command.withDescription("List the locks that hold"),
)

const remove = Command.make("rm", { id: Args.text({ name: "ID" }).pipe(Args.withSchema(LockId)) }, ({ id }) =>
  runRemove(id),
).pipe(Command.withDescription("Remove a lock"))

/** Commands about who is shut out. */
export const lockCommands = [
  group("locks", "Whoever is shut out").pipe(Command.withSubcommands([add, list, remove])),
] as const
