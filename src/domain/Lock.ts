import { Option, Schema } from "effect"
import { Login, NodeName, UserName } from "./Identifiers.ts"

/** A lock's id: a ULID (github.com/ulid/spec). */
export const LockId = Schema.String.pipe(
  Schema.pattern(/^[0-9A-HJKMNP-TV-Z]{26}$/, { message: () => "a lock's id is what `mezctl locks ls` shows" }),
  Schema.brand("LockId"),
)
export type LockId = typeof LockId.Type

/** What an admin says why: one line, possibly empty, with nothing in it that acts on the terminals of those who read it. */
export const Reason = Schema.String.pipe(
  Schema.pattern(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]{0,200}$/u, {
    message: () => "a reason is one line of 200 characters at most, without control characters",
  }),
)

/** Whom a lock shuts out: a user everywhere, everybody from a node, or everybody from the accounts of a name. */
export const LockTarget = Schema.Union(
  Schema.Struct({ kind: Schema.Literal("user"), name: UserName }),
  Schema.Struct({ kind: Schema.Literal("node"), name: NodeName }),
  Schema.Struct({ kind: Schema.Literal("login"), name: Login }),
)
export type LockTarget = typeof LockTarget.Type

/** A lock that holds. */
export const Lock = Schema.Struct({ id: LockId, target: LockTarget, reason: Reason })
export type Lock = typeof Lock.Type

/** How many locks there may be at once: every agent is told all of them. */
export const mostLocks = 1_000

/** Who does something where, as far as it matters. */
export type Whereabouts = Partial<Readonly<Record<LockTarget["kind"], string>>>

const concerns = ({ target }: Lock, about: Whereabouts): boolean => about[target.kind] === target.name

/** The first lock that shuts this user, node or login out. */
export const lockOn = (locks: ReadonlyArray<Lock>, about: Whereabouts): Option.Option<Lock> =>
  Option.fromNullable(locks.find((lock) => concerns(lock, about)))

/** `TEXT: REASON`, or the text alone where no reason was given. */
export const withReason = (text: string, reason: string): string => (reason === "" ? text : `${text}: ${reason}`)

const described = ({ kind, name }: LockTarget): string =>
  kind === "user" ? name : kind === "node" ? `node ${name}` : `the login ${name}`

/** What whoever is shut out reads: `alice is locked: REASON`. */
export const lockedMessage = ({ target, reason }: Pick<Lock, "target" | "reason">): string =>
  withReason(`${described(target)} is locked`, reason)
