import * as fs from "node:fs"
import { Clock, Context, Effect, Layer, Option, Schedule, Schema } from "effect"
import { showAuditHead } from "../../domain/AuditHead.ts"
import { FileFailed } from "../../session/FileFailed.ts"
import { writePrivateFile } from "../../session/writePrivateFile.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { AuditLog } from "./AuditLog.ts"
import type { KnownHead } from "./internal/verifyChain.ts"
import { isSignedBy, SignedHead } from "./SignedHead.ts"

/** What the file holds: a head, and when the log ended with it (RFC 3339). */
const Kept = Schema.parseJson(Schema.Struct({ ...SignedHead.fields, at: Schema.String }), { space: 2 })
type Kept = typeof Kept.Type

/** The file holds no head that this cluster signed; the message names it. */
export class AnchorDamaged extends Schema.TaggedError<AnchorDamaged>()("AnchorDamaged", { message: Schema.String }) {}

const interval = "1 second"
const loggedEveryMs = 3_600_000

const make = (path: string) =>
  Effect.gen(function* () {
    const audit = yield* AuditLog
    const { recordingKeys } = yield* ClusterKeys
    const damaged = new AnchorDamaged({ message: `${path} holds no head of the audit log that this cluster signed` })

    const read = Effect.try({
      try: () => (fs.existsSync(path) ? Option.some(fs.readFileSync(path, "utf8")) : Option.none()),
      catch: (error) => FileFailed.of(path, error as NodeJS.ErrnoException),
    }).pipe(
      Effect.flatMap(
        Option.match({
          onNone: () => Effect.succeedNone,
          onSome: (text) =>
            Schema.decode(Kept)(text).pipe(
              Effect.filterOrFail(
                (kept) => isSignedBy(kept, recordingKeys),
                () => damaged,
              ),
              Effect.mapBoth({ onSuccess: Option.some, onFailure: () => damaged }),
            ),
        }),
      ),
    )

    const write = (head: SignedHead) =>
      Effect.gen(function* () {
        const at = new Date(yield* Clock.currentTimeMillis).toISOString()
        yield* writePrivateFile(path, `${yield* Effect.orDie(Schema.encode(Kept)({ ...head, at }))}\n`)
      })

    /** What is kept is let go of only for a head that came after it: what shows that events are missing stays. */
    const advance = Effect.gen(function* () {
      const [kept, head] = [yield* read, yield* audit.head]
      if (Option.exists(kept, ({ count, digest }) => count === head.count && digest === head.digest)) return head
      const holds = Option.isNone(kept) || (kept.value.count < head.count && (yield* audit.goesThrough(kept.value)))
      if (!holds) return yield* new AnchorDamaged({ message: `the audit log does not go through the head in ${path}` })
      if (head.count > 0) yield* write(head)
      return head
    })

    let loggedMs = Number.NEGATIVE_INFINITY
    const tell = (line: Effect.Effect<void>) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (now - loggedMs < loggedEveryMs) return Effect.void
        loggedMs = now
        return line
      })

    const keep = advance.pipe(
      Effect.matchEffect({
        onSuccess: (head) =>
          head.count === 0 ? Effect.void : tell(Effect.logInfo(`the audit log ends with ${showAuditHead(head)}`)),
        onFailure: (error) =>
          tell(
            Effect.logError(
              "the audit log is not to be trusted, or its head cannot be kept: run mezctl audit verify",
              error,
            ),
          ),
      }),
    )
    yield* Effect.forkScoped(Effect.repeat(keep, Schedule.spaced(interval)))
    yield* Effect.addFinalizer(() => keep)

    const known = Effect.map(
      read,
      Option.map(
        ({ count, digest, at }: Kept): KnownHead => ({
          head: { count, digest },
          source: `at ${at}, as ${path} says`,
        }),
      ),
    )
    return { known }
  })

/**
 * Keeps the head of the audit log in a file of its own, apart from the database: each second, and at the end. Who cuts the
 * end of the log off in the database, with its head, is found out by it. Each hour the head is logged too, for whoever keeps logs elsewhere.
 */
export class AuditAnchor extends Context.Tag("mezite/auth/AuditAnchor")<
  AuditAnchor,
  {
    /** The head that is kept. */
    readonly known: Effect.Effect<Option.Option<KnownHead>, AnchorDamaged | FileFailed>
  }
>() {
  static readonly layer = (path: string): Layer.Layer<AuditAnchor, never, AuditLog | ClusterKeys> =>
    Layer.scoped(AuditAnchor, make(path))
}
