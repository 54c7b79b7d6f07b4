import { Args, Command, Options } from "@effect/cli"
import { Schema } from "effect"
import { AuditEventType } from "../../domain/AuditEvent.ts"
import { AuditHeadText } from "../../domain/AuditHead.ts"
import { SessionId } from "../../domain/Identifiers.ts"
import { lazily } from "../lazily.ts"
import { format, last, optionalText, reasonFor, textOption } from "../sharedOptions.ts"
import { group } from "./rootCommand.ts"

const runAudit = lazily(() => import("./audit.ts"), "listAudit")
const runVerify = lazily(() => import("./audit.ts"), "verifyAudit")
const runTerminate = lazily(() => import("./sessions.ts"), "terminateSession")
const runSessions = lazily(() => import("./sessions.ts"), "listSessions")

const listAudit = Command.make(
  "ls",
  {
    type: Options.choice("type", AuditEventType.literals).pipe(
      Options.withDescription("only of this type"),
      Options.optional,
    ),
    user: optionalText("user", "NAME", "only of this user"),
    session: optionalText("session", "ID", "only of the session with this id"),
    node: optionalText("node", "NAME", "only on this node"),
    last,
    limit: Options.integer("limit").pipe(
      Options.withPseudoName("N"),
      Options.withSchema(Schema.Int.pipe(Schema.positive({ message: () => "a limit is a whole number from 1 on" }))),
      Options.withDescription("no more than this many"),
      Options.optional,
    ),
    program: optionalText("program", "NAME", "only of the program with this name, such as curl"),
    path: optionalText("path", "PATH", "only of this path, or of all that begin so: /etc/*"),
    format,
  },
  runAudit,
).pipe(Command.withDescription("List audit events, the newest first"))

const verify = Command.make(
  "verify",
  {
    head: textOption(
      "head",
      "HEAD",
      "check too that the log still goes through this head, which was printed before",
    ).pipe(Options.withSchema(AuditHeadText), Options.optional),
  },
  ({ head }) => runVerify(head),
).pipe(Command.withDescription("Check that each event follows from the one before it, and print the last one's digest"))

const audit = group("audit", "The audit log").pipe(Command.withSubcommands([listAudit, verify]))

const listSessions = Command.make(
  "ls",
  { active: Options.boolean("active").pipe(Options.withDescription("only those that run now")), format },
  ({ active, format }) => runSessions(active, format),
).pipe(Command.withDescription("List sessions, the newest first"))

const terminate = Command.make(
  "terminate",
  { id: Args.text({ name: "ID" }).pipe(Args.withSchema(SessionId)), reason: reasonFor("what its user reads") },
  ({ id, reason }) => runTerminate(id, reason),
).pipe(Command.withDescription("End a session that runs; its user reads the reason"))

const sessions = group("sessions", "Everybody's sessions").pipe(Command.withSubcommands([listSessions, terminate]))

/** Commands about what happened. */
export const evidenceCommands = [audit, sessions] as const
