import { Option } from "effect"
import type { Direction } from "../FileTransfer.ts"

/** The far side of an rsync over SSH. */
export interface RsyncArguments {
  readonly direction: Direction
  readonly arguments: ReadonlyArray<string>
  readonly paths: ReadonlyArray<string>
}

/**
 * Letters that rsync's client bundles for its server (rsync 3.5, options.c, server_options), but `-s`, by which
 * further options come where nobody sees them. After `e` stands what the client can do, which a server never runs.
 */
const bundle = /^-(?=.)[vqbunldKmOJyLkWHogDtUNpEAXrcCIRxSzi]*(?:e\d*\.[A-Za-z]*)?$/

/** Options that take no value, and none of which names a file to read, or a program. */
const plain = new Set([
  ...["append", "append-verify", "checksum", "copy-links", "copy-unsafe-links", "compress", "delay-updates"],
  ...["delete", "delete-after", "delete-before", "delete-delay", "delete-during", "delete-excluded"],
  ...["delete-missing-args", "devices", "dirs", "existing", "fake-super", "force", "from0", "fuzzy"],
  ...["ignore-errors", "ignore-existing", "ignore-missing-args", "inplace", "itemize-changes", "links"],
  ...["list-only", "mkpath", "munge-links", "new-compress", "no-implied-dirs", "numeric-ids", "old-compress"],
  ...["omit-dir-times", "omit-link-times", "one-file-system", "open-noatime", "partial", "perms", "preallocate"],
  ...["prune-empty-dirs", "remove-source-files", "remove-sent-files", "safe-links", "size-only", "sparse"],
  ...["specials", "no-specials", "stats", "times", "trust-sender", "whole-file", "no-whole-file", "no-r", "no-i-r"],
  ...["no-W", "inc-recursive", "no-inc-recursive", "msgs2stderr", "no-msgs2stderr", "super", "no-super"],
])

/** Options with a value after `=`, that is a number, a name or a map of names. */
const valued =
  /^--(?:block-size|bwlimit|checksum-choice|checksum-seed|compress-choice|compress-level|contimeout|debug|groupmap|iconv|info|log-format|max-alloc|max-delete|max-size|min-size|modify-window|out-format|skip-compress|stop-after|stop-at|suffix|timeout|usermap)=[^/]*$/

/** Options whose value is a path, after `=` or as the next word: within the directory, or anywhere, as the login may. */
const withPath = new Set(["backup-dir", "compare-dest", "copy-dest", "link-dest", "partial-dir", "temp-dir"])

/** `-B1024`, the block size. */
const blockSize = /^-B\d+$/
const mostPaths = 64

/** How many words the option at the front takes; 0 where it is none that is known. */
const optionLength = ([first = "", second]: ReadonlyArray<string>): number => {
  if (bundle.test(first) || blockSize.test(first) || valued.test(first)) return 1
  if (!first.startsWith("--")) return 0
  const [name = "", ...value] = first.slice(2).split("=")
  if (plain.has(name) && value.length === 0) return 1
  if (!withPath.has(name)) return 0
  if (value.length > 0) return 1
  return second !== undefined && !second.startsWith("-") ? 2 : 0
}

/** What `rsync` is run with on the far side, if these arguments are that and nothing else: known options, `.`, and paths. */
export const rsyncArguments = (words: ReadonlyArray<string>): Option.Option<RsyncArguments> => {
  if (words[0] !== "--server") return Option.none()
  const isSender = words[1] === "--sender"
  let at = isSender ? 2 : 1
  for (let length = optionLength(words.slice(at)); length > 0; length = optionLength(words.slice(at))) at += length
  const [dot, ...paths] = words.slice(at)
  const arePaths = paths.length > 0 && paths.length <= mostPaths && paths.every((path) => !path.startsWith("-"))
  if (dot !== "." || !arePaths) return Option.none()
  return Option.some({ direction: isSender ? "download" : "upload", arguments: words, paths })
}
