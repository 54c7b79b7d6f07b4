import { Option } from "effect"
import type { Direction } from "../FileTransfer.ts"

/** The far side of a `scp -O`. */
export interface ScpArguments {
  readonly direction: Direction
  readonly arguments: ReadonlyArray<string>
  readonly paths: ReadonlyArray<string>
}

/** Recursive, with times, verbose, the target is a directory, quiet; and which side it is. None of them runs a program. */
const flags = /^-[rpvdqtf]+$/
const mostPaths = 64

/** What `scp` is run with on the far side, if these arguments are that and nothing else. */
export const scpArguments = (words: ReadonlyArray<string>): Option.Option<ScpArguments> => {
  const count = words.findIndex((word) => !flags.test(word))
  const letters = new Set(words.slice(0, count).join("").replaceAll("-", ""))
  const paths = words.slice(words[count] === "--" ? count + 1 : count)
  const isUpload = letters.has("t")
  const hasPaths = isUpload ? paths.length === 1 : paths.length > 0 && paths.length <= mostPaths
  const isPlain = words[count] === "--" || paths.every((path) => !path.startsWith("-"))
  if (count < 1 || isUpload === letters.has("f") || !hasPaths || !isPlain) return Option.none()
  return Option.some({
    direction: isUpload ? "upload" : "download",
    arguments: [...[...letters].map((letter) => `-${letter}`), "--", ...paths],
    paths,
  })
}
