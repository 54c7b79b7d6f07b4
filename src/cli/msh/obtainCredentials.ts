import { Effect, Option, Redacted } from "effect"
import { type Credentials, type LoginAnswer, WrongCode } from "../../api/PublicRpcs.ts"
import { askNewPassword, askPassword } from "../askPassword.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { warn } from "../Output.ts"
import { type SecretLines, secretLines } from "../SecretLines.ts"
import type { Stdio } from "../Stdio.ts"
import { showEnrolment } from "./showEnrolment.ts"

/** Who logs in, and how the secrets are given. */
export interface LoginRequest {
  readonly user: string
  /** `-`: it is asked for, as the password is. */
  readonly invite: Option.Option<string>
  readonly passwordStdin: boolean
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string
}

/** The hub's `Login`. */
type Call<E, R> = (payload: {
  readonly user: string
  readonly invite: string | null
  readonly password: Redacted.Redacted<string>
  readonly code: Redacted.Redacted<string> | null
  readonly public_key: string
}) => Effect.Effect<LoginAnswer, E, R>

/** Codes that may be mistyped; the hub has a limit of its own. */
const tries = 3

const inviteOf = ({ invite, passwordStdin }: LoginRequest, lines: SecretLines) => {
  if (!Option.contains(invite, "-")) return Effect.succeed(Option.getOrNull(invite))
  const asked = passwordStdin ? lines.next("invite") : askPassword("Invite: ")
  return Effect.map(asked, (typed) => Redacted.value(typed).trim())
}

const passwordOf = ({ invite, user, passwordStdin }: LoginRequest, lines: SecretLines) => {
  if (passwordStdin) return lines.next("password")
  return Option.isSome(invite) ? askNewPassword : askPassword(`Password of ${user}: `)
}

const passwordSet = "Your password is set. The invite is used up: from now on log in without it."

/** Asks again where the code was wrong; the last time that is the failure. */
const withCode = <A, E, R>(left: number, once: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Stdio> =>
  Effect.catchAll(once, (error) =>
    left > 1 && error instanceof WrongCode
      ? Effect.zipRight(warn(error.message), withCode(left - 1, once))
      : Effect.fail(error),
  )

/** Logs in: asks for the password, and for a code where the hub wants one, which may be given anew where it was wrong. */
export const obtainCredentials = Effect.fn("msh.obtainCredentials")(function* <E, R>(
  call: Call<E, R>,
  request: LoginRequest,
) {
  const lines = yield* secretLines
  const invite = yield* inviteOf(request, lines)
  const password = yield* passwordOf(request, lines)
  const about = { user: request.user, password, public_key: request.publicKey }
  const first = yield* call({ ...about, invite, code: null })
  if (first._tag === "LoggedIn") return first.credentials
  if (invite !== null) yield* warn(passwordSet)
  if (first._tag === "EnrolmentNeeded") yield* showEnrolment(first)
  // The invite is used up: from here on it is the password that counts.
  const once = Effect.gen(function* () {
    const code = yield* request.passwordStdin ? lines.next("code") : askPassword("Code: ")
    return yield* call({ ...about, invite: null, code: Redacted.make(Redacted.value(code).replaceAll(" ", "")) })
  })
  const answer = yield* withCode(request.passwordStdin ? 1 : tries, once)
  if (answer._tag === "LoggedIn") return answer.credentials satisfies Credentials
  return yield* new CommandFailed({ message: "your second factor was reset just now: log in again" })
})
