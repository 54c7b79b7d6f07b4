import { hostname } from "node:os"
import { join } from "node:path"
import { Effect, Either, Option, type Redacted, Ref, Schema } from "effect"
import { runAgent } from "../../agent/Agent.ts"
import { type AgentConfig, agentConfig, joinConfig } from "../../agent/AgentConfig.ts"
import { ProbeKeeper } from "../../agent/enhanced/ProbeKeeper.ts"
import { probeProgram } from "../../agent/enhanced/probeProgram.ts"
import { joinCluster } from "../../agent/identity/joinCluster.ts"
import * as Identity from "../../agent/identity/NodeIdentity.ts"
import { parseHubAddresses } from "../../api/HubAddress.ts"
import { HubPin } from "../../api/HubPin.ts"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import { dataDirectory } from "../../cli/dataDirectory.ts"
import { printLine } from "../../cli/Output.ts"
import { Stdio } from "../../cli/Stdio.ts"
import { NodeName } from "../../domain/Identifiers.ts"
import { readConfig } from "../process/readConfig.ts"
import { StopRequest } from "../process/StopRequest.ts"
import { useDataDirectory } from "../process/useDataDirectory.ts"

/** What the command line says about joining; each comes before its variable. */
export interface StartOptions {
  readonly hub: Option.Option<string>
  readonly token: Option.Option<Redacted.Redacted<string>>
  readonly pin: Option.Option<string>
}

const failed = (message: string) => new CommandFailed({ message })

const needed = <A>(value: Option.Option<A>, option: string, variable: string) =>
  Either.fromOption(value, () => failed(`this machine has not joined a cluster yet: give ${option} or set ${variable}`))

const nodeName = ({ nodeName: given }: AgentConfig) => {
  const name = Option.getOrElse(given, () => hostname().toLowerCase())
  return Either.mapLeft(Schema.decodeEither(NodeName)(name), () =>
    failed(`"${name}" cannot be a node's name: set MEZITE_NODE_NAME to a host name in lower case`),
  )
}

const pinOf = (text: Option.Option<string>) =>
  Option.match(text, {
    onNone: () => Either.right(Option.none<HubPin>()),
    onSome: (pin) =>
      Schema.decodeEither(HubPin)(pin).pipe(
        Either.mapBoth({
          onLeft: () =>
            failed(
              `--ca-pin or MEZITE_CA_PIN: "${pin}" is no pin: it is sha256: and 64 hex digits, as mezhub prints it`,
            ),
          onRight: Option.some,
        }),
      ),
  })

/** Joins with a token, once; from then on the identity that is kept serves. */
const joined = Effect.fnUntraced(function* (options: StartOptions, config: AgentConfig, identityFile: string) {
  const variables = yield* readConfig(joinConfig)
  const first = <A>(a: Option.Option<A>, b: Option.Option<A>) => Option.orElse(a, () => b)
  const address = yield* needed(first(options.hub, variables.hub), "--hub HOST:PORT", "MEZITE_HUB")
  const token = yield* needed(first(options.token, variables.token), "--token TOKEN", "MEZITE_JOIN_TOKEN")
  const hubs = yield* Either.mapLeft(parseHubAddresses(address), ({ message }) =>
    failed(`--hub or MEZITE_HUB: ${message}`),
  )
  const pin = yield* pinOf(first(options.pin, variables.pin))
  const name = yield* nodeName(config)
  const identity = yield* joinCluster({ hubs, pin, token, name, labels: config.labels })
  yield* Identity.save(identityFile, identity)
  return identity
})

/** Before anything else: a machine that cannot record as it must does not even join. */
const startProbe = ({ bpfEnabled, bpfRequired }: AgentConfig) =>
  bpfEnabled ? Effect.asSome(ProbeKeeper.start({ program: probeProgram(), required: bpfRequired })) : Effect.succeedNone

/** Serves this machine as a node, until it is told to stop. Prints one line when it is ready. */
export const startAgent = Effect.fn("mezd.start")(function* (options: StartOptions) {
  const config = yield* readConfig(agentConfig)
  const directory = join(yield* dataDirectory, "agent")
  yield* useDataDirectory(directory, "mezd")
  const probe = yield* startProbe(config)
  const identityFile = join(directory, "node.json")
  const kept = yield* Identity.load(identityFile)
  const identity = Option.isSome(kept) ? kept.value : yield* joined(options, config, identityFile)
  const told = yield* Ref.make(false)
  const stdio = yield* Stdio
  const onOnline = Effect.whenEffect(
    Effect.orDie(printLine(`mezd ready node=${identity.name} id=${identity.node_id}`)),
    Effect.map(Ref.getAndSet(told, true), (before) => !before),
  ).pipe(Effect.provideService(Stdio, stdio))
  return yield* runAgent({
    identity,
    identityFile,
    config,
    dataDirectory: directory,
    probe,
    onOnline: Effect.asVoid(onOnline),
    stopRequested: (yield* StopRequest).requested,
  })
}, Effect.scoped)
