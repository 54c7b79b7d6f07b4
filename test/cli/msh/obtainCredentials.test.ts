import { PassThrough } from "node:stream"
import { expect, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { Unauthenticated } from "../../../src/api/ApiError.ts"
import { type LoginAnswer, WrongCode } from "../../../src/api/PublicRpcs.ts"
import { obtainCredentials } from "../../../src/cli/msh/obtainCredentials.ts"
import { Stdio, type StdioShape } from "../../../src/cli/Stdio.ts"

const request = { user: "alice", invite: Option.none(), passwordStdin: false, publicKey: "ssh-ed25519 AAAA" }

/** Logs in at a terminal where a password and then codes are typed; a hub answers each code by what comes next. */
const attempt = (...answers: ReadonlyArray<Unauthenticated | WrongCode>) => {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined })
  const stderr = new PassThrough()
  const stdio = { stdin, stderr, stdout: new PassThrough(), env: {} } as unknown as StdioShape
  const codes: Array<string> = []
  const call = ({ code }: { readonly code: Redacted.Redacted<string> | null }) => {
    if (code === null) return Effect.succeed<LoginAnswer>({ _tag: "CodeNeeded" })
    codes.push(Redacted.value(code))
    return Effect.fail(answers[codes.length - 1] ?? new Unauthenticated({ message: "nothing more was expected" }))
  }
  stdin.write("a password\r111 111\r222222\r333333\r444444\r")
  return obtainCredentials(call, request).pipe(
    Effect.provideService(Stdio, stdio),
    Effect.flip,
    Effect.map((error) => ({ error, codes, shown: String(stderr.read()) })),
  )
}

const wrong = new WrongCode({ message: "the code is wrong" })

it.live("asks for another code where one was wrong, three times at most", () =>
  Effect.gen(function* () {
    const { error, codes, shown } = yield* attempt(wrong, wrong, wrong)
    expect(error.message).toBe(wrong.message)
    expect(codes).toEqual(["111111", "222222", "333333"])
    expect(shown.match(/the code is wrong\nCode: /g)).toHaveLength(2)
  }),
)

it.live("asks for none where no code would help", () =>
  Effect.gen(function* () {
    const locked = new Unauthenticated({ message: "alice is locked" })
    const { error, codes } = yield* attempt(wrong, locked)
    expect(error.message).toBe(locked.message)
    expect(codes).toEqual(["111111", "222222"])
  }),
)
