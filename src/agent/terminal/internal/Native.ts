import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { TerminalError } from "../../../session/TerminalError.ts"

/** A pseudo-terminal just opened; every descriptor is close-on-exec, so that no other session's child gets hold of it. */
export interface NativePty {
  /** For the event loop, which closes it. */
  readonly master: number
  /** A duplicate of `master`, for ioctls and for reading what is left. */
  readonly control: number
  readonly slave: number
  readonly path: string
}

/** The native part (native/pty.cc). All of it is synchronous and takes microseconds; each throws on a bad descriptor. */
export interface NativePart {
  readonly open: () => NativePty
  /** Reads as much as there is now and fits; 0 where there is nothing, or never will be. */
  readonly read: (fd: number, buffer: Uint8Array) => number
  readonly resize: (fd: number, cols: number, rows: number, widthPx: number, heightPx: number) => void
  /** The foreground process group, 0 where there is none. */
  readonly foreground: (fd: number) => number
  /** False at a password prompt: also at that of a program inside of one that has a pseudo-terminal of its own, as sudo does. */
  readonly echoes: (fd: number) => boolean
  /** Sets a mode by its name in RFC 4254, section 8; false where the name is unknown. */
  readonly setMode: (fd: number, name: string, value: number) => boolean
  /** flock(2), exclusive, without waiting; false where somebody else has it. It is given back with the last descriptor. */
  readonly lock: (fd: number) => boolean
}

/** Whose rights a socket is made with; undefined for the agent's own. */
export interface NativeUser {
  readonly uid: number
  readonly gid: number
  readonly groups: ReadonlyArray<number>
}

/**
 * Sockets with a user's rights (native/sockets.cc), for the event loop, which closes them. All of it is synchronous and never waits;
 * each throws an error with the system's `code` (`EACCES`, `EADDRINUSE` …).
 */
export interface NativeSockets {
  /** Not connected yet. */
  readonly tcp: (user: NativeUser | undefined, family: 4 | 6) => number
  /** At a numeric address. */
  readonly listenTcp: (user: NativeUser | undefined, address: string, port: number) => number
  readonly connectUnix: (user: NativeUser | undefined, path: string) => number
  /** For nobody but the user. */
  readonly listenUnix: (user: NativeUser | undefined, path: string) => number
  /** Makes a directory of mode 0700 whose path begins like this, and gives its path. */
  readonly privateDirectory: (user: NativeUser | undefined, prefix: string) => string
  /** Removes a file, or an empty directory. */
  readonly remove: (user: NativeUser | undefined, path: string) => void
}

/** The native part, and the path of the program that becomes a user's shell (native/launch.cc). */
export interface Native {
  readonly pty: NativePart
  readonly sockets: NativeSockets
  readonly launcher: string
}

/** `dist/native` of the package that this file belongs to, be it source or bundle. */
export const nativeFolder = (): string => {
  const start = dirname(fileURLToPath(import.meta.url))
  for (let at = start; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return join(at, "dist", "native")
    if (dirname(at) === at) throw new Error(`no package.json above ${start}`)
  }
}

const load = (): Native => {
  const at = nativeFolder()
  const addon = createRequire(import.meta.url)
  return { pty: addon(join(at, "pty.node")), sockets: addon(join(at, "sockets.node")), launcher: join(at, "launch") }
}

/** Loads the native part once; fails with a line that says how to build it. */
export const loadNative: Effect.Effect<Native, TerminalError> = Effect.runSync(
  Effect.cached(
    Effect.try({
      try: load,
      catch: (cause) =>
        new TerminalError({
          message: `the native part cannot be loaded: run "npm run build" where Mezite is installed`,
          cause,
        }),
    }),
  ),
)
