/** The path of its names, from the last to the first, each ended by a NUL. Bytes stay what they are. */
export const joinNames = (names: Buffer): Buffer => {
  const parts = names.toString("latin1").split("\0").slice(0, -1)
  return Buffer.from(`/${parts.reverse().join("/")}`, "latin1")
}
