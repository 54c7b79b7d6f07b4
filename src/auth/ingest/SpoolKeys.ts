import { Context, Either, Layer, Option, Redacted } from "effect"
import type { RecordingHeader } from "../../recording/Header.ts"
import type { KeyRing } from "../../recording/KeyRing.ts"
import type { PayloadDecryption } from "../../recording/PayloadDecryption.ts"
import type { RecipientKey } from "../../recording/RecipientKey.ts"
import { RecordingError } from "../../recording/RecordingError.ts"
import { IngestRefused } from "./IngestRefused.ts"

const refusalOf = ({ kind, message }: RecordingError, keyId: string): IngestRefused =>
  kind === "UnknownKey"
    ? new IngestRefused({
        // Its node keeps it: who has mislaid a key may find it again.
        reason: "unavailable",
        message: `it was encrypted for the hub's key ${keyId}, which the hub does not have now: set it there as MEZITE_RECORDING_ENC_KEYS_OLD`,
      })
    : new IngestRefused({ reason: "invalid", message })

const decryptionWith =
  (keyRing: KeyRing) =>
  (header: RecordingHeader): Either.Either<PayloadDecryption | undefined, IngestRefused> =>
    Either.try({
      try: () => keyRing.cipherFor(header),
      catch: (error) => {
        if (error instanceof RecordingError) return refusalOf(error, header.encryption?.keyId ?? "")
        throw error
      },
    })

/** What nodes encrypt the recordings in their spools with, and what reads these when they are brought. */
export class SpoolKeys extends Context.Tag("mezite/auth/SpoolKeys")<
  SpoolKeys,
  {
    /** None where the hub has no encryption key. */
    readonly recipient: Option.Option<RecipientKey>
    /** Of a recording that is sent with this header; undefined where it is sent in clear. */
    readonly decryption: (header: RecordingHeader) => Either.Either<PayloadDecryption | undefined, IngestRefused>
  }
>() {
  static readonly layer = (keyRing: Redacted.Redacted<KeyRing>): Layer.Layer<SpoolKeys> =>
    Layer.succeed(SpoolKeys, {
      recipient: Option.map(Option.fromNullable(Redacted.value(keyRing).current), ({ recipientKey }) => recipientKey),
      decryption: decryptionWith(Redacted.value(keyRing)),
    })
}
