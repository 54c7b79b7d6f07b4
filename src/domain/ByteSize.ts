import { Option } from "effect"

const units = { "": 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const

/** Reads a size in bytes: `262144`, `256KiB`, `256 MiB`, `1GiB`. */
export const parseByteSize = (text: string): Option.Option<number> => {
  const match = /^(\d{1,15}) ?(B|KiB|MiB|GiB|TiB)?$/.exec(text)
  if (match === null) return Option.none()
  const bytes = Number(match[1]) * units[(match[2] ?? "") as keyof typeof units]
  return Number.isSafeInteger(bytes) ? Option.some(bytes) : Option.none()
}
