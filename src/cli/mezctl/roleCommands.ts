import { Args, Command, Options } from "@effect/cli"
import { RoleName } from "../../domain/Identifiers.ts"
import { lazily } from "../lazily.ts"
import { format, textOption } from "../sharedOptions.ts"
import { group } from "./rootCommand.ts"

const runList = lazily(() => import("./roles.ts"), "listRoles")
const runGet = lazily(() => import("./roles.ts"), "getRole")
const runCreate = lazily(() => import("./roles.ts"), "createRole")
const runUpdate = lazily(() => import("./roles.ts"), "updateRole")
const runRemove = lazily(() => import("./roles.ts"), "removeRole")

const name = Args.text({ name: "NAME" }).pipe(Args.withSchema(RoleName))

const file = textOption("file", "FILE", "a role as YAML or JSON, as `roles get` prints it; -: standard input").pipe(
  Options.withAlias("f"),
)

const list = Command.make("ls", { format }, ({ format }) => runList(format)).pipe(Command.withDescription("List roles"))

const get = Command.make("get", { format, name }, ({ format, name }) => runGet(name, format)).pipe(
  Command.withDescription("Print a role, YAML or JSON"),
)

const create = Command.make("create", { file }, ({ file }) => runCreate(file)).pipe(
  Command.withDescription("Make a role"),
)

const update = Command.make("update", { file }, ({ file }) => runUpdate(file)).pipe(
  Command.withDescription("Change a role, for everybody who has it, at once"),
)

const remove = Command.make("rm", { name }, ({ name }) => runRemove(name)).pipe(
  Command.withDescription("Remove a role that nobody has"),
)

/** Commands about roles. */
export const roleCommands = [
  group("roles", "What users may do, and where").pipe(Command.withSubcommands([list, get, create, update, remove])),
] as const
