import { Effect, Redacted } from "effect"
import type { LoginAnswer } from "../../api/PublicRpcs.ts"
import { warn } from "../Output.ts"
import { Stdio } from "../Stdio.ts"
import { qrCode } from "./qrCode.ts"

type EnrolmentNeeded = Extract<LoginAnswer, { readonly _tag: "EnrolmentNeeded" }>

/** A secret is easier to type in groups of four. */
const grouped = (secret: string) => secret.replaceAll(/(.{4})(?=.)/g, "$1 ")

/** The secret in text, and the prompt for the code, must fit below the QR code. */
const linesBelow = 2

/** Where it can be seen whole, as a camera must: a terminal that is large enough and shows colours. */
const codeThatFits = (uri: string): Effect.Effect<ReadonlyArray<string>, never, Stdio> =>
  Effect.map(Stdio, ({ stderr, env }) => {
    if (stderr.isTTY !== true || env.NO_COLOR) return []
    const { lines, columns } = qrCode(uri)
    return stderr.rows >= lines.length + linesBelow && stderr.columns >= columns ? lines : []
  })

/** Shows what goes into an authenticator app, for a camera, to click at and to type. */
export const showEnrolment = Effect.fn("msh.showEnrolment")(function* ({ otpauth, secret }: EnrolmentNeeded) {
  const uri = Redacted.value(otpauth)
  const lines = [
    "Your roles ask for a second factor. Add this to an authenticator app, then type the code that it shows:",
    `  ${uri}`,
    ...(yield* codeThatFits(uri)),
    `  secret: ${grouped(Redacted.value(secret))}`,
  ]
  yield* warn(lines.join("\n"))
})
