import { Option } from "effect"

/** scrypt's parameters (RFC 7914, section 2). */
export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** A password's hash with all that is needed to compute it again. */
export interface PasswordHash {
  readonly cost: ScryptCost
  readonly salt: Uint8Array
  readonly key: Uint8Array
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64")

/** `scrypt$N$r$p$salt$key` */
export const formatHash = ({ cost, salt, key }: PasswordHash): string =>
  `scrypt$${cost.N}$${cost.r}$${cost.p}$${base64(salt)}$${base64(key)}`

/** Reads what `formatHash` writes; none where it is anything else. */
export const parseHash = (text: string): Option.Option<PasswordHash> => {
  const match = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9+/=]{16,64})\$([A-Za-z0-9+/=]{16,128})$/.exec(
    text,
  )
  if (match === null) return Option.none()
  const [, N, r, p, salt = "", key = ""] = match
  return Option.some({
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, "base64"),
    key: Buffer.from(key, "base64"),
  })
}
