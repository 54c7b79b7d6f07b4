import { accessSync, constants, statSync } from "node:fs"
import { basename } from "node:path"
import { Effect, Option } from "effect"
import { closedLogins } from "./internal/closedLogins.ts"
import { getent } from "./internal/getent.ts"
import { LoginUserError } from "./LoginUserError.ts"

/** An account of this machine, as the name service switch tells it. */
export interface LoginUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  /** An executable file. */
  readonly shell: string
}

/** Names that useradd(8), systemd and directory services allow; none can be an option or a path. */
const loginName = /^[A-Za-z0-9_][A-Za-z0-9_.@\\-]{0,255}\$?$/
const refusingShells: ReadonlySet<string> = new Set(["nologin", "false", "true", "sync", "shutdown", "halt"])
const dayMs = 86_400_000
const expiryField = 7

const fail = (login: string, reason: LoginUserError["reason"], message: string) =>
  new LoginUserError({ login, reason, message })

const unknown = (login: string) => fail(login, "unknown", `there is no account "${login}" on this machine`)

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const parse = (login: string, fields: ReadonlyArray<string>): Effect.Effect<LoginUser, LoginUserError> => {
  const [name = "", , uidText = "", gidText = "", , home = "", shell = ""] = fields
  if (name === "" || !/^\d+$/.test(uidText) || !/^\d+$/.test(gidText)) {
    return Effect.fail(fail(login, "lookup", `the account "${login}" has an entry in passwd that makes no sense`))
  }
  const uid = Number(uidText)
  const gid = Number(gidText)
  return Effect.succeed({ name, uid, gid, home: home || "/", shell: shell || "/bin/sh" })
}

const checkShell = (user: LoginUser): Effect.Effect<void, LoginUserError> => {
  if (refusingShells.has(basename(user.shell))) {
    return Effect.fail(
      fail(user.name, "forbidden", `the account "${user.name}" takes no logins: its shell is ${user.shell}`),
    )
  }
  if (isExecutable(user.shell)) return Effect.void
  const message = `the account "${user.name}" cannot log in: its shell ${user.shell} is no executable file`
  return Effect.fail(fail(user.name, "shell-missing", message))
}

/** Only root may read shadow; an account without an entry there (LDAP) has its expiry checked elsewhere. */
const checkExpiry = Effect.fn("LoginUser.checkExpiry")(function* (user: LoginUser, now: number) {
  const fields = yield* getent("shadow", user.name)
  const expiry = Option.getOrElse(fields, () => [])[expiryField] ?? ""
  if (/^\d+$/.test(expiry) && Number(expiry) * dayMs <= now) {
    return yield* fail(user.name, "forbidden", `the account "${user.name}" has expired`)
  }
})

/** While nologin(5)'s file is there, root alone may log in. */
const checkOpen = Effect.fnUntraced(function* (user: LoginUser, nologin: string) {
  if (user.uid === 0) return
  const closed = yield* closedLogins(nologin)
  if (Option.isSome(closed)) return yield* fail(user.name, "forbidden", closed.value)
})

/** Who this agent runs as; it may serve others only as root. */
const agentUid = (): number => process.getuid?.() ?? 0

/**
 * Looks an account up, and checks that it may log in: its shell exists and is not `nologin` or the like, it has not expired, logins
 * are not closed by the file `nologin`, and the agent may become it. A locked *password* forbids nothing, as under Debian's sshd: nobody logs in with a password here.
 */
const find = Effect.fn("LoginUser.find")(function* (login: string, nologin = "/etc/nologin") {
  if (!loginName.test(login)) return yield* unknown(login.slice(0, 64))
  const entry = yield* getent("passwd", login)
  const user = yield* Option.match(entry, {
    onNone: () => Effect.fail(unknown(login)),
    onSome: (fields) => parse(login, fields),
  })
  // getent takes a uid as well as a name: a login is a name.
  if (user.name !== login && /^\d+$/.test(login)) return yield* unknown(login)
  yield* checkShell(user)
  yield* checkOpen(user, nologin)
  if (agentUid() === 0) {
    yield* checkExpiry(user, Date.now())
  } else if (user.uid !== agentUid()) {
    const message = `this agent does not run as root (uid ${agentUid()}), so it cannot start sessions as "${login}": run mezd as root`
    return yield* fail(login, "not-root", message)
  }
  return user
})

/** @see find */
export const LoginUser = { find }
