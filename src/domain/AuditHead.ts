import { Schema } from "effect"

/** What the audit log ends with at some moment: how many events there are, and the last one's digest (SHA-256 in hex; empty before the first). */
export const AuditHead = Schema.Struct({
  count: Schema.NonNegativeInt,
  digest: Schema.String.pipe(Schema.pattern(/^(?:[0-9a-f]{64})?$/)),
})
export type AuditHead = typeof AuditHead.Type

/** A head as people keep it: `COUNT:DIGEST`. */
export const showAuditHead = ({ count, digest }: AuditHead): string => `${count}:${digest}`

/** A head written as `COUNT:DIGEST`. */
export const AuditHeadText = Schema.transform(
  Schema.String.pipe(
    Schema.pattern(/^\d{1,15}:[0-9a-f]{64}$/, { message: () => "a head is what `mezctl audit verify` prints: N:HEX" }),
  ),
  AuditHead,
  {
    strict: true,
    decode: (text) => {
      const [count, digest = ""] = text.split(":")
      return { count: Number(count), digest }
    },
    encode: showAuditHead,
  },
)
