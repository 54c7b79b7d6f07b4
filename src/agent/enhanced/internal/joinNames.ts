const slash = 0x2f

/** The path of its names, from the last to the first, each ended by a NUL. Bytes stay what they are. */
export const joinNames = (names: Buffer): Buffer => {
  if (names.length === 0) return Buffer.from("/")
  const path = Buffer.allocUnsafe(names.length)
  let written = 0
  for (let end = names.length - 1; end >= 0; ) {
    const before = names.lastIndexOf(0, end - 1)
    const start = end === 0 ? 0 : before + 1
    path[written] = slash
    names.copy(path, written + 1, start, end)
    written += 1 + end - start
    end = start - 1
  }
  return path.subarray(0, written)
}
