import { createPublicKey, sign, verify } from "node:crypto"
import { Redacted, Schema } from "effect"
import { AuditHead } from "../../domain/AuditHead.ts"
import type { SigningKey } from "../keys/SigningKey.ts"

/** A head of the audit log, and an Ed25519 signature of it by the cluster's recording key, in base64. */
export const SignedHead = Schema.Struct({ ...AuditHead.fields, signature: Schema.String })
export type SignedHead = typeof SignedHead.Type

const signed = ({ count, digest }: AuditHead) =>
  Buffer.from(JSON.stringify(["mezite-audit-head-1", count, digest]), "utf8")

/** Signs a head. */
export const signHead = (head: AuditHead, { privateKey }: SigningKey): SignedHead => ({
  ...head,
  signature: sign(null, signed(head), Redacted.value(privateKey)).toString("base64"),
})

/** Whether one of these keys signed it. The log that is still empty needs no signature. */
export const isSignedBy = (head: SignedHead, keys: ReadonlyArray<SigningKey>): boolean =>
  (head.count === 0 && head.digest === "") ||
  keys.some(({ privateKey }) =>
    verify(null, signed(head), createPublicKey(Redacted.value(privateKey)), Buffer.from(head.signature, "base64")),
  )
