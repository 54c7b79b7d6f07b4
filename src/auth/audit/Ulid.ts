import { randomBytes } from "node:crypto"

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const encode = (value: bigint, length: number): string =>
  Array.from({ length }, (_, index) => crockford[Number((value >> BigInt(5 * (length - 1 - index))) & 31n)]).join("")

/** A ULID (github.com/ulid/spec) of that moment: 48 bits of Unix milliseconds, then 80 random bits. */
export const ulid = (timeMs: number, random: Uint8Array = randomBytes(10)): string =>
  encode(BigInt(timeMs), 10) + encode(BigInt(`0x${Buffer.from(random).toString("hex")}`), 16)
