import { Either, Option, Schema } from "effect"
import { SessionId } from "../../domain/Identifiers.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { splitEntries } from "../../recording/Entry.ts"
import { decodeHeader, type RecordingHeader } from "../../recording/Header.ts"
import { RecordingError } from "../../recording/RecordingError.ts"
import type { NodeIdentity } from "../access/Callers.ts"
import type { CertifiedUser } from "../keys/UserAuthority.ts"
import { IngestRefused } from "./IngestRefused.ts"

/** What a node says of a session, once it has been held against what the hub knows. */
export interface AdmittedSession extends SessionInfo {
  readonly sessionId: SessionId
}

/** A session, and the header that its recording is sent with. */
export interface Admitted {
  readonly info: AdmittedSession
  readonly header: RecordingHeader
}

export interface Admission {
  readonly node: NodeIdentity
  readonly cluster: string
  readonly verifyCertificate: (
    blob: Uint8Array,
    nowMs: number,
  ) => Either.Either<CertifiedUser, { readonly message: string }>
}

const refuse = (reason: "denied" | "invalid", message: string) => Either.left(new IngestRefused({ reason, message }))

/**
 * Reads a recording's header and believes nothing of it that can be checked: the node is the one that calls, and the
 * user's certificate, valid when the session began, says who the user is and that this login was allowed.
 */
export const admit = (
  request: Uint8Array,
  { node, cluster, verifyCertificate }: Admission,
): Either.Either<Admitted, IngestRefused> =>
  Either.gen(function* () {
    const header = yield* headerIn(request)
    const { info } = header
    const sessionId = yield* Either.fromOption(
      Option.liftPredicate(info.sessionId, Schema.is(SessionId)),
      () => new IngestRefused({ reason: "invalid", message: "the header has no session id" }),
    )
    if (info.node !== node.name) return yield* refuse("denied", `this node is ${node.name}, not ${info.node}`)
    const certified = yield* Either.mapLeft(
      verifyCertificate(info.userCertificate, info.startedAtMs),
      ({ message }) => new IngestRefused({ reason: "denied", message: `the session's user is not proven: ${message}` }),
    )
    if (certified.user !== info.user) return yield* refuse("denied", "the session's user is not its certificate's")
    if (!certified.principals.includes(info.login)) {
      return yield* refuse("denied", `the certificate does not allow the login ${info.login}`)
    }
    return { info: { ...info, sessionId, cluster }, header }
  })

const headerIn = (request: Uint8Array): Either.Either<RecordingHeader, IngestRefused> => {
  try {
    const [entry, ...more] = splitEntries(request)
    if (entry?.kind !== "header" || more.length > 0) return refuse("invalid", "the first request is the header alone")
    const header = decodeHeader(entry.body, 0)
    const scheme = header.encryption?.scheme ?? "agreed"
    if (header.deflate && scheme === "agreed") return Either.right(header)
    return refuse("invalid", "frames may be compressed, and are sent in clear or encrypted for the hub")
  } catch (error) {
    if (error instanceof RecordingError) return refuse("invalid", error.message)
    throw error
  }
}
