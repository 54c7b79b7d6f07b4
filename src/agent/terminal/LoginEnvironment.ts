import type { LoginUser } from "./LoginUser.ts"

/** An address as SSH_CONNECTION tells it. */
interface Endpoint {
  readonly host: string
  readonly port: number
}

/** What a session's environment is made of; nothing else gets in, least of all the agent's own. */
export interface LoginEnvironmentInput {
  readonly user: LoginUser
  /** Of /etc/environment and /etc/default/locale, in this order: see SystemEnvironment. */
  readonly system: Readonly<Record<string, string>>
  /** What the client asked for in "env" requests (RFC 4254, 6.4); only LANG and LC_* are taken. */
  readonly client: Readonly<Record<string, string>>
  /** The client's address and the agent's; absent where there is none to tell. */
  readonly connection?: { readonly client: Endpoint; readonly server: Endpoint }
  /** The socket of the client's authentication agent, where that is forwarded. */
  readonly agentSocket?: string
  /** The agent's own time zone, TZ, which sshd hands on as well. */
  readonly timeZone?: string
}

/** The paths that Debian's sshd is built with. */
const userPath = "/usr/local/bin:/usr/bin:/bin:/usr/games"
const superuserPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Debian's `AcceptEnv LANG LC_*`, and limits that keep a client from filling the memory. */
const acceptedName = /^(?:LANG|LC_[A-Z0-9_]{1,32})$/
const maximumValue = 1024
const maximumAccepted = 32

const accepted = (client: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(client)
      .filter(([name, value]) => acceptedName.test(name) && value.length <= maximumValue && !value.includes("\0"))
      .slice(0, maximumAccepted),
  )

const connectionVariables = (connection: LoginEnvironmentInput["connection"]): Record<string, string> => {
  if (connection === undefined) return {}
  const { client, server } = connection
  return {
    SSH_CLIENT: `${client.host} ${client.port} ${server.port}`,
    SSH_CONNECTION: `${client.host} ${client.port} ${server.host} ${server.port}`,
  }
}

/**
 * The environment that Debian's sshd gives a session, in its order of precedence (session.c, do_setup_env): what the client
 * sent, then the account's own variables, then those of pam_env, then the connection's. A PTY adds TERM and SSH_TTY.
 */
export const loginEnvironment = (input: LoginEnvironmentInput): Record<string, string> => ({
  ...accepted(input.client),
  ...(input.timeZone === undefined ? {} : { TZ: input.timeZone }),
  PATH: input.user.uid === 0 ? superuserPath : userPath,
  MAIL: `/var/mail/${input.user.name}`,
  ...input.system,
  USER: input.user.name,
  LOGNAME: input.user.name,
  HOME: input.user.home,
  SHELL: input.user.shell,
  ...connectionVariables(input.connection),
  ...(input.agentSocket === undefined ? {} : { SSH_AUTH_SOCK: input.agentSocket }),
})
