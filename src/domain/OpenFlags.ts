/** The flags of open(2) on x86-64, apart from the two bits that say what for; those that contain others come first. */
const flags: ReadonlyArray<readonly [bits: number, name: string]> = [
  [0o20200000, "O_TMPFILE"],
  [0o4010000, "O_SYNC"],
  [0o100, "O_CREAT"],
  [0o200, "O_EXCL"],
  [0o400, "O_NOCTTY"],
  [0o1000, "O_TRUNC"],
  [0o2000, "O_APPEND"],
  [0o4000, "O_NONBLOCK"],
  [0o10000, "O_DSYNC"],
  [0o20000, "O_ASYNC"],
  [0o40000, "O_DIRECT"],
  [0o200000, "O_DIRECTORY"],
  [0o400000, "O_NOFOLLOW"],
  [0o1000000, "O_NOATIME"],
  [0o2000000, "O_CLOEXEC"],
  [0o10000000, "O_PATH"],
]

/** What for: the lowest two bits. */
const accesses = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"] as const

/** 64-bit programs may leave it out, and 32-bit ones mean nothing by it here. */
const largeFile = 0o100000

/** `O_WRONLY|O_CREAT|O_TRUNC`, as in open(2). Bits without a name are told in octal. */
export const openFlagsText = (bits: number): string => {
  const words: Array<string> = [accesses[(bits & 3) as 0 | 1 | 2 | 3]]
  let rest = bits & ~3 & ~largeFile
  for (const [value, name] of flags) {
    if ((rest & value) !== value) continue
    words.push(name)
    rest &= ~value
  }
  return [...words, ...(rest === 0 ? [] : [`0${(rest >>> 0).toString(8)}`])].join("|")
}

/** Whether a file opened so can be changed. */
export const opensForWriting = (bits: number): boolean => (bits & 3) !== 0 || (bits & 0o1100) !== 0
