import { Args, Command, Options } from "@effect/cli"
import { Option, Schema } from "effect"
import { Login, NodeName } from "../../domain/Identifiers.ts"
import { LabelsText } from "../LabelsText.ts"
import { lazily } from "../lazily.ts"
import { format, listOf, optionalText, textOption } from "../sharedOptions.ts"
import { group } from "./rootCommand.ts"

const runNodes = lazily(() => import("./nodes.ts"), "listNodes")
const runAddNode = lazily(() => import("./nodes.ts"), "addOpensshNode")
const runLabelNode = lazily(() => import("./nodes.ts"), "labelNode")
const runRemoveNode = lazily(() => import("./nodes.ts"), "removeNode")

const addNode = Command.make(
  "add",
  {
    openssh: textOption(
      "openssh",
      "NAME",
      "the name of a machine without an agent, whose sshd trusts the cluster's user CA",
    ).pipe(Options.withSchema(NodeName)),
    addr: textOption("addr", "HOST:PORT", "where its sshd is, as the hub reaches it"),
    logins: textOption("logins", "LOGIN,…", "the accounts that it is used by").pipe(
      Options.withSchema(listOf(Login).pipe(Schema.minItems(1, { message: () => "name one login at least" }))),
    ),
    hostKey: optionalText(
      "host-key",
      "KEY",
      "its host key, as in ssh_host_ed25519_key.pub; else the one that it shows now",
    ),
    labels: textOption("labels", "KEY=VALUE,…", "by which roles decide").pipe(
      Options.withSchema(LabelsText),
      Options.optional,
      Options.map(Option.getOrElse(() => ({}))),
    ),
  },
  runAddNode,
).pipe(Command.withDescription("Add a machine without an agent"))

const listNodes = Command.make("ls", { format }, ({ format }) => runNodes(format)).pipe(
  Command.withDescription("List nodes, and flag those that record less than the cluster asks for"),
)

const labelNode = Command.make(
  "label",
  {
    name: Args.text({ name: "NAME" }).pipe(Args.withSchema(NodeName)),
    labels: Args.text({ name: "KEY=VALUE,…" }).pipe(Args.withSchema(LabelsText)),
  },
  ({ name, labels }) => runLabelNode(name, labels),
).pipe(Command.withDescription("Give a node its labels, by which roles decide; those that it had go"))

const removeNode = Command.make(
  "rm",
  { name: Args.text({ name: "NAME" }).pipe(Args.withSchema(NodeName)) },
  ({ name }) => runRemoveNode(name),
).pipe(Command.withDescription("Remove a node"))

/** `mezctl nodes`. */
export const nodes = group("nodes", "Machines").pipe(
  Command.withSubcommands([listNodes, addNode, labelNode, removeNode]),
)
