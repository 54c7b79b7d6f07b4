import { execFile } from "node:child_process"
import { Effect, Option } from "effect"
import { LoginUserError } from "../LoginUserError.ts"

const timeoutMs = 10_000
const notFound = 2

/**
 * One entry of a database of the name service switch (files, LDAP, SSSD, …), as its colon-separated fields; none where the key
 * is not there. The key must not start with "-".
 */
export const getent = (
  database: "passwd" | "group" | "shadow" | "initgroups",
  key: string,
): Effect.Effect<Option.Option<ReadonlyArray<string>>, LoginUserError> =>
  Effect.async((resume) => {
    const options = { timeout: timeoutMs, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" } }
    const child = execFile("getent", [database, key], options, (error, stdout) => {
      if (error === null) return resume(Effect.succeed(Option.some(stdout.replace(/\n[\s\S]*$/, "").split(":"))))
      if (error.code === notFound) return resume(Effect.succeedNone)
      const message = `cannot look up "${key}" in ${database}: ${error.killed ? "no answer in 10 s" : error.message.trim()}`
      return resume(Effect.fail(new LoginUserError({ login: key, reason: "lookup", message })))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })
