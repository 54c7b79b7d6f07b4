import { Args, Command, Options } from "@effect/cli"
import { HubPin } from "../../api/HubPin.ts"
import { DurationText } from "../../domain/Durations.ts"
import { Login, RoleName, UserName } from "../../domain/Identifiers.ts"
import { lazily } from "../lazily.ts"
import { format, listOf, optionalText, textOption } from "../sharedOptions.ts"
import { group } from "./rootCommand.ts"

const runAdd = lazily(() => import("./users.ts"), "addUser")
const runUpdate = lazily(() => import("./users.ts"), "updateUser")
const runReset = lazily(() => import("./users.ts"), "resetUser")
const runList = lazily(() => import("./users.ts"), "listUsers")
const runRemove = lazily(() => import("./users.ts"), "removeUser")
const runSign = lazily(() => import("./authSign.ts"), "authSign")

const runStatus = lazily(() => import("./status.ts"), "status")

const name = Args.text({ name: "NAME" }).pipe(Args.withSchema(UserName))

const roles = textOption("roles", "ROLE,…", "what the user may do").pipe(Options.withSchema(listOf(RoleName)))

const logins = textOption("logins", "LOGIN,…", "the user's own accounts on nodes").pipe(
  Options.withSchema(listOf(Login)),
)

/** An auditor has none. */
const loginsIfAny = logins.pipe(Options.withDefault([]))

const add = Command.make("add", { roles, logins: loginsIfAny, name }, runAdd).pipe(
  Command.withDescription("Create a user and print the one-time invite"),
)

const update = Command.make(
  "update",
  { roles: Options.optional(roles), logins: Options.optional(logins), name },
  runUpdate,
).pipe(Command.withDescription("Change a user's roles or logins"))

const reset = Command.make("reset", { name }, ({ name }) => runReset(name)).pipe(
  Command.withDescription(
    "Print a new invite for a user; password, second factor and certificates are worth nothing then",
  ),
)

const list = Command.make("ls", { format }, ({ format }) => runList(format)).pipe(Command.withDescription("List users"))

const remove = Command.make("rm", { name }, ({ name }) => runRemove(name)).pipe(
  Command.withDescription("Remove a user"),
)

const users = group("users", "People and machines that may log in").pipe(
  Command.withSubcommands([add, list, update, reset, remove]),
)

const sign = Command.make(
  "sign",
  {
    user: textOption("user", "NAME", "whom it makes one act as").pipe(Options.withSchema(UserName)),
    ttl: textOption("ttl", "DURATION", "how long it is good, such as 30m or 7d").pipe(Options.withSchema(DurationText)),
    out: textOption("out", "FILE", "the identity file to write"),
    hub: optionalText(
      "hub",
      "HOST:PORT",
      "where users reach the hub; else as the hub itself says, or one's own identity",
    ),
    caPin: textOption("ca-pin", "PIN", "the hub's pin, sha256:…, as it prints it").pipe(
      Options.withSchema(HubPin),
      Options.optional,
    ),
  },
  runSign,
).pipe(Command.withDescription("Write an identity file for a machine or a test"))

const auth = group("auth", "Identities").pipe(Command.withSubcommands([sign]))

const status = Command.make("status", {}, () => runStatus()).pipe(
  Command.withDescription("Say as whom mezctl acts, and by what"),
)

/** Commands about who may do what. */
export const peopleCommands = [status, users, auth] as const
