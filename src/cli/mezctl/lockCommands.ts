import { Args, Command, Options } from "@effect/cli"
import { DurationText } from "../../domain/Durations.ts"
import { Login, NodeName, UserName } from "../../domain/Identifiers.ts"
import { LockId } from "../../domain/Lock.ts"
import { lazily } from "../lazily.ts"
import { format, reasonFor, textOption } from "../sharedOptions.ts"
import { group } from "./rootCommand.ts"

const runAdd = lazily(() => import("./locks.ts"), "addLock")
const runList = lazily(() => import("./locks.ts"), "listLocks")
const runRemove = lazily(() => import("./locks.ts"), "removeLock")

const add = Command.make(
  "add",
  {
    user: textOption("user", "NAME", "shut this user out, everywhere").pipe(
      Options.withSchema(UserName),
      Options.optional,
    ),
    node: textOption("node", "NAME", "shut everybody out of this node, and the node out of the cluster").pipe(
      Options.withSchema(NodeName),
      Options.optional,
    ),
    login: textOption("login", "LOGIN", "shut everybody out of the accounts of this name, on every node").pipe(
      Options.withSchema(Login),
      Options.optional,
    ),
    ttl: textOption("ttl", "DURATION", "how long, such as 30m or 7d; without it until the lock is removed").pipe(
      Options.withSchema(DurationText),
      Options.optional,
    ),
    reason: reasonFor("what those whom it concerns read"),
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
