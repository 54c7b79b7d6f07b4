import { constants } from "node:os"
import { Effect, Either, type Option } from "effect"
import type { Exit } from "../../domain/SessionEnd.ts"
import { OutputLost } from "../../play/OutputLost.ts"
import { HostVerification } from "../../ssh/HostVerification.ts"
import { parseCertificateLine } from "../../ssh/OpenSshCertificate.ts"
import { connect, type SshClient } from "../../ssh/SshClient.ts"
import { currentIdentity } from "../CurrentIdentity.ts"
import { ExitWith } from "../ExitWith.ts"
import { Stdio, type StdioShape } from "../Stdio.ts"
import { WrongUsage } from "../WrongUsage.ts"
import { connectToNode } from "./connectToNode.ts"
import { type ForwardSpec, forwardSpec } from "./forward/ForwardSpec.ts"
import { forwardLocally } from "./forward/forwardLocally.ts"
import { forwardRemotely } from "./forward/forwardRemotely.ts"
import { runChannel } from "./runChannel.ts"
import { type SshDestination, sshDestination } from "./SshDestination.ts"

/** `msh ssh`. */
export interface SshOptions {
  readonly identity: Option.Option<string>
  readonly login: Option.Option<string>
  /** `-t`. */
  readonly forcePty: boolean
  /** `-T`. */
  readonly noPty: boolean
  /** `-N`. */
  readonly noCommand: boolean
  readonly localForwards: ReadonlyArray<string>
  readonly remoteForwards: ReadonlyArray<string>
  readonly destination: string
  readonly command: ReadonlyArray<string>
}

interface Forwards {
  readonly local: ReadonlyArray<ForwardSpec>
  readonly remote: ReadonlyArray<ForwardSpec>
}

/** As a shell tells it: the exit code, or 128 and the signal's number. */
const statusOf = (exit: Exit): number => {
  if (exit._tag === "Code") return exit.code
  const number = Object.entries(constants.signals).find(([name]) => name === `SIG${exit.signal}`)?.[1]
  return number === undefined ? 255 : 128 + number
}

const openClient = (identity: Option.Option<string>, { login, node }: SshDestination) =>
  Effect.gen(function* () {
    const { current, stream } = yield* connectToNode(identity, node)
    const { certificate, cluster, logins } = current.identity.credentials
    const notLetIn = `${node} does not let you in as ${login}; your logins are ${logins.join(", ")}`
    return yield* connect(stream, {
      username: login,
      privateKey: current.key,
      certificate: yield* parseCertificateLine(certificate),
      hostVerification: HostVerification.Authority({
        authorities: [Buffer.from(cluster.host_ca.split(" ")[1] ?? "", "base64")],
        principal: `${node}.${cluster.cluster}`,
      }),
    }).pipe(
      Effect.catchIf(
        (error) => error._tag === "SshConnectionError" && error.reason === "authentication",
        () => new ExitWith({ code: 255, message: notLetIn }),
      ),
    )
  })

/** The variables that sshd accepts by custom. */
const localeOf = ({ env }: StdioShape): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && /^(LANG|LC_\w+)$/.test(name) ? [[name, value]] : [],
    ),
  )

const closed = ({ node }: SshDestination) =>
  new ExitWith({ code: 255, message: `the connection to ${node} was closed` })

// What the session's mode is, and so whether anything was recorded, is not known here.
const lostConnection = ({ node }: SshDestination) => {
  const kept = "what was recorded of it is kept until the hub has it all"
  return new ExitWith({ code: 255, message: `the connection to ${node} was lost, and the session with it; ${kept}` })
}

/** Whoever read the output and has stopped reading needs no line about it. */
const failureOf = (error: { readonly _tag: string; readonly message: string }): ExitWith =>
  new ExitWith({ code: 255, message: error instanceof OutputLost && error.closed ? "" : error.message })

const startForwards = Effect.fnUntraced(function* (client: SshClient, { local, remote }: Forwards) {
  yield* Effect.forEach(local, (spec) => forwardLocally(client, spec), { discard: true })
  yield* Effect.forEach(remote, (spec) => forwardRemotely(client, spec), { discard: true })
})

const runOn = (options: SshOptions, destination: SshDestination, forwards: Forwards) =>
  Effect.gen(function* () {
    const stdio = yield* Stdio
    const client = yield* openClient(options.identity, destination)
    yield* startForwards(client, forwards)
    if (options.noCommand) return yield* Effect.zipRight(client.closed, closed(destination))
    const command = options.command.join(" ")
    const interactive = command === "" && stdio.stdin.isTTY === true
    const wantsPty = options.forcePty || (interactive && !options.noPty)
    const size = { cols: stdio.stdout.columns ?? 80, rows: stdio.stdout.rows ?? 24, widthPx: 0, heightPx: 0 }
    const session = {
      env: localeOf(stdio),
      ...(wantsPty ? { pty: { term: stdio.env.TERM ?? "dumb", size, modes: {} } } : {}),
    }
    const channel = yield* command === "" ? client.shell(session) : client.exec(command, session)
    return yield* runChannel(channel, wantsPty).pipe(
      Effect.catchTag("ChannelClosed", () => lostConnection(destination)),
    )
  })

/** A shell or a command on a node. Ends with its status; with 255 when the connection, or with it the recording, was lost. */
export const ssh = Effect.fn("msh.ssh")(function* (options: SshOptions) {
  const forwards = {
    local: yield* Effect.forEach(options.localForwards, (text) => forwardSpec("-L", text)),
    remote: yield* Effect.forEach(options.remoteForwards, (text) => forwardSpec("-R", text)),
  }
  // What is no option of ours comes here as an argument.
  if (options.destination.startsWith("-")) {
    return yield* new WrongUsage({ message: `${options.destination} is no option of msh ssh (see --help)` })
  }
  const { identity } = yield* currentIdentity(options.identity).pipe(
    Effect.mapError(({ message }) => new ExitWith({ code: 255, message })),
  )
  const destination = sshDestination(options.destination, options.login, identity.credentials)
  if (Either.isLeft(destination)) return yield* destination.left
  const exit = yield* runOn(options, destination.right, forwards).pipe(
    Effect.scoped,
    Effect.mapError((error) => (error._tag === "ExitWith" ? error : failureOf(error))),
  )
  const code = statusOf(exit)
  if (code !== 0) return yield* new ExitWith({ code })
})
