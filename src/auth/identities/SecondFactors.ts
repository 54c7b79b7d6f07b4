import { randomBytes } from "node:crypto"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer, Option } from "effect"
import { auditEvent } from "../../domain/AuditEvent.ts"
import type { UserName } from "../../domain/Identifiers.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { codeAttempt } from "./ThrottlePolicy.ts"
import { totpStepOf } from "./Totp.ts"

/** A row of `second_factors`; PostgreSQL gives its BIGINTs as text. */
interface Row {
  /** Base64; kept in clear, since codes are computed from it. */
  readonly secret: string
  readonly confirmed_ms: number | string | null
  /** The last step whose code was taken. */
  readonly last_step: number | string
  readonly failures: number | string
  readonly blocked_until_ms: number | string
}

/** What became of a code. */
export type CodeVerdict =
  | { readonly _tag: "Right" }
  | { readonly _tag: "Wrong" }
  | { readonly _tag: "Blocked"; readonly waitMs: number }

/** RFC 4226, section 4, asks for as many as the hash has. */
const secretBytes = 20

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog

  const isEnrolled = Effect.fn("SecondFactors.isEnrolled")(function* (user: UserName) {
    const rows = yield* sql`SELECT 1 FROM second_factors WHERE user_name = ${user} AND confirmed_ms IS NOT NULL`
    return rows.length === 1
  })

  const propose = Effect.fn("SecondFactors.propose")(function* (user: UserName) {
    const secret = randomBytes(secretBytes)
    const text = secret.toString("base64")
    const row = { user_name: user, secret: text, last_step: 0, failures: 0, blocked_until_ms: 0 }
    yield* sql`INSERT INTO second_factors ${sql.insert(row)} ON CONFLICT (user_name)
      DO UPDATE SET secret = excluded.secret WHERE second_factors.confirmed_ms IS NULL`
    return secret
  })

  const judge = Effect.fnUntraced(function* (user: UserName, code: string, row: Row, nowMs: number) {
    const before = { failures: Number(row.failures), blockedUntilMs: Number(row.blocked_until_ms) }
    const { attempts, waitMs } = codeAttempt(before, nowMs)
    if (waitMs > 0) return { _tag: "Blocked", waitMs } as const
    const step = totpStepOf(Buffer.from(row.secret, "base64"), code, nowMs)
    // A code is good once: whoever saw it typed comes too late with it (RFC 6238, section 5.2).
    if (Option.isNone(step) || step.value <= Number(row.last_step)) {
      yield* sql`UPDATE second_factors SET ${sql.update({
        failures: attempts.failures,
        blocked_until_ms: attempts.blockedUntilMs,
      })} WHERE user_name = ${user}`
      return { _tag: "Wrong" } as const
    }
    const confirmed_ms = row.confirmed_ms ?? nowMs
    const taken = { last_step: step.value, failures: 0, blocked_until_ms: 0, confirmed_ms }
    yield* sql`UPDATE second_factors SET ${sql.update(taken)} WHERE user_name = ${user}`
    if (row.confirmed_ms === null)
      yield* audit.append(auditEvent("user.second_factor", { user, detail: { kind: "totp" } }))
    return { _tag: "Right" } as const
  })

  const check = Effect.fn("SecondFactors.check")(function* (user: UserName, code: string) {
    const nowMs = yield* Clock.currentTimeMillis
    const checked = Effect.gen(function* (): Effect.fn.Return<CodeVerdict, SqlError> {
      // The row's lock comes first: of two logins with one code at once, the second finds it used.
      const [row] = yield* sql<Row>`
        UPDATE second_factors SET failures = failures WHERE user_name = ${user} RETURNING *`
      return row === undefined ? { _tag: "Wrong" } : yield* judge(user, code, row, nowMs)
    })
    return yield* sql.withTransaction(checked)
  })

  return { isEnrolled, propose, check }
})

/**
 * Time-based one-time passwords (RFC 6238). A user's codes are throttled wherever they come from: only who has the password gets
 * to try one, and so nobody else can be locked out.
 */
export class SecondFactors extends Context.Tag("mezite/auth/SecondFactors")<
  SecondFactors,
  {
    /** Whether the user has shown a code of the secret before. */
    readonly isEnrolled: (user: UserName) => Effect.Effect<boolean, SqlError>
    /** A new secret for a user who isn't enrolled; that of an earlier proposal is worth nothing any more. */
    readonly propose: (user: UserName) => Effect.Effect<Uint8Array, SqlError>
    /** Uses a code up. The first right one enrols. */
    readonly check: (user: UserName, code: string) => Effect.Effect<CodeVerdict, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<SecondFactors, never, SqlClient.SqlClient | AuditLog> = Layer.effect(
    SecondFactors,
    make,
  )
}
