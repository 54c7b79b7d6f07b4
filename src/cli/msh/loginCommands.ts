import { Command, Options } from "@effect/cli"
import { Effect } from "effect"
import { lazily } from "../lazily.ts"
import { optionalText, textOption } from "../sharedOptions.ts"
import { identityOption } from "./rootCommand.ts"

const runLogin = lazily(() => import("./login.ts"), "login")
const runLogout = lazily(() => import("./logout.ts"), "logout")
const runStatus = lazily(() => import("./status.ts"), "status")
const runConfig = lazily(() => import("./config.ts"), "config")

const login = Command.make(
  "login",
  {
    hub: textOption("hub", "HOST:PORT", "where the hub is, or where several are, with commas between them"),
    user: textOption("user", "NAME", "your name at the hub"),
    invite: optionalText(
      "invite",
      "INVITE",
      "the one-time invite, or - to be asked for it; the password given then becomes the user's",
    ),
    passwordStdin: Options.boolean("password-stdin").pipe(
      Options.withDescription("read the password from standard input instead of asking for it"),
    ),
    caPin: optionalText(
      "ca-pin",
      "PIN",
      "sha256:…, as the hub prints it; else the system's authorities must know the hub",
    ),
  },
  runLogin,
).pipe(Command.withDescription("Log in to a hub and keep a short-lived certificate"))

const logout = Command.make("logout", {}, () => runLogout()).pipe(
  Command.withDescription("Forget the key and the certificate"),
)

const status = Command.make("status", {}, () => Effect.flatMap(identityOption, runStatus)).pipe(
  Command.withDescription("Say who is logged in, where, and until when"),
)

const config = Command.make("config", {}, () => Effect.flatMap(identityOption, runConfig)).pipe(
  Command.withDescription("Print the ssh_config part with which plain ssh works"),
)

/** Commands about who the user is. */
export const loginCommands = [login, logout, status, config] as const
