import { constants } from "node:os"
import type { FileEvent } from "./FileEvent.ts"
import { opensForWriting } from "./OpenFlags.ts"

/** What programs open of their own accord, whatever they are told to do. */
const patterns: ReadonlyArray<RegExp> = [
  // Shared libraries, and where they are looked for.
  /\.so(?:\.[0-9.]+)?$/,
  /^\/etc\/ld\.so\.(?:cache|preload|nohwcap)$/,
  // Languages, character sets, terminals, time zones.
  /^\/usr\/(?:lib|share)\/(?:locale|gconv|terminfo|zoneinfo|i18n)\//,
  /^\/usr\/lib\/[^/]+\/gconv\//,
  /^\/(?:lib|etc)\/terminfo\//,
  /^\/etc\/(?:localtime|locale\.alias|nsswitch\.conf|host\.conf|gai\.conf)$/,
  // What the kernel tells, though not the memory and the environment of processes.
  /^\/proc\/(?!kcore$|(?:.*\/)?(?:mem|environ)$)/,
  /^\/sys\//,
  // How shells begin.
  /^\/etc\/(?:profile|bash\.bashrc|inputrc|bash_completion|environment)$/,
  /^\/etc\/profile\.d\//,
  /^\/usr\/share\/bash-completion\//,
  /\/\.(?:profile|bash_profile|bash_login|bashrc|bash_aliases|inputrc|hushlogin)$/,
]

const routine = new RegExp(patterns.map(({ source }) => source).join("|"))

/** Devices that keep nothing, whatever they are opened for. */
const keepsNothing = /^\/dev\/(?:null|zero|full|u?random|tty|ptmx|pts\/\d+)$/

/** A path that was only asked for may lead elsewhere than it seems to. */
const goesUp = /\/\.\.(?:\/|$)/

const harmlessErrors: ReadonlySet<number> = new Set([0, constants.errno.ENOENT, constants.errno.ENXIO])

/**
 * Whether a file is one of those that are opened all the time and say little of what somebody did, so that a view may leave it
 * out: only ever one that was read, or was not there. A recording leaves out none.
 */
export const isRoutineFile = ({ path, flags, error, unseen }: FileEvent): boolean => {
  if (unseen || !harmlessErrors.has(error)) return false
  const text = Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString("latin1")
  if (error !== 0 && goesUp.test(text)) return false
  return keepsNothing.test(text) || (!opensForWriting(flags) && routine.test(text))
}
