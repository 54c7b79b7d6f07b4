import type { LoginUser } from "../../terminal/LoginUser.ts"

/**
 * What a transfer's program sees: nothing that the client, the account or a file in its home could have a say in. No home either:
 * rsync would read `~/.popt`, which can give options another meaning, and none of the programs needs one.
 */
export const transferEnvironment = ({ name, shell }: LoginUser): Record<string, string> => ({
  PATH: "/usr/bin:/bin",
  HOME: "/nonexistent",
  USER: name,
  LOGNAME: name,
  SHELL: shell,
  LANG: "C.UTF-8",
  ...(process.env.TZ === undefined ? {} : { TZ: process.env.TZ }),
})
