import { createHmac, timingSafeEqual } from "node:crypto"
import { Option } from "effect"

/** What every authenticator app does by default: RFC 6238 with SHA-1, six digits and steps of 30 s. */
const stepMs = 30_000
const digits = 6

/** The steps before and after the present one whose codes are taken too, for clocks that are off (RFC 6238, section 5.2). */
const tolerance = 1

/** The number of the step at a time (Unix milliseconds). */
export const totpStep = (nowMs: number): number => Math.floor(nowMs / stepMs)

/** The code of a step (RFC 4226, section 5.3). */
export const totpCode = (secret: Uint8Array, step: number): string => {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac("sha1", secret).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, "0")
}

const isCode = (code: string): boolean => /^\d{6}$/.test(code)

/** The step whose code this is, around `nowMs`; every candidate is compared, each in constant time. */
export const totpStepOf = (secret: Uint8Array, code: string, nowMs: number): Option.Option<number> => {
  const given = Buffer.from((isCode(code) ? code : "").padEnd(digits, "-"))
  const now = totpStep(nowMs)
  const steps = Array.from({ length: 2 * tolerance + 1 }, (_, index) => now - tolerance + index)
  const right = steps.filter((step) => timingSafeEqual(Buffer.from(totpCode(secret, step)), given))
  return Option.fromNullable(right.at(-1))
}
