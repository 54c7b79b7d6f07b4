import * as Grpc from "@grpc/grpc-js"
import { Context, type Duration, Effect, Layer, Redacted, type Scope } from "effect"
import { grpcChannelOptions, grpcCredentials } from "../../api/GrpcTrust.ts"
import { hubAuthority, showHubAddress } from "../../api/HubAddress.ts"
import { recordMethod } from "../../api/RecordingIngestMethod.ts"
import { encodeEndEntry } from "../../recording/End.ts"
import { ClientWay } from "../../session/ClientWay.ts"
import type { RecordingLost, RemoteSink } from "../../session/RecordingSink.ts"
import type { HubLink, HubLinks } from "../hub/HubLink.ts"
import { type Opening, RecordCall } from "./RecordCall.ts"

export interface HubRecorderOptions extends HubLinks {
  /** How long the hub may confirm nothing. */
  readonly ackTimeout: Duration.DurationInput
}

const channelOptions: Grpc.ChannelOptions = {
  // A hub that is back is found within a second or two, also by those who asked while it was away.
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 2_000,
  // A client's connection is its own, so that a new client is a new connection.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.keepalive_time_ms": 15_000,
  "grpc.keepalive_timeout_ms": 5_000,
  // A window of the default size holds a recording up on any but the shortest way.
  "grpc-node.flow_control_window": 1024 * 1024,
}

/** A hub that fell silent is left alone for so long where there is another. */
const shunnedMs = 30_000

/**
 * A client that could not connect is replaced by whoever wants to call next. It would fail all calls until it tries again, after
 * up to two seconds; and grpc-js waits for ever for a connection that was taken and on which nobody answers.
 */
const hasFailed = (client: Grpc.Client): boolean =>
  client.getChannel().getConnectivityState(false) === Grpc.connectivityState.TRANSIENT_FAILURE

/** Brings recordings to a hub: to the one that their client comes by (`ClientWay`), else to one that the node is connected to. */
export class HubRecorder extends Context.Tag("mezite/node/HubRecorder")<
  HubRecorder,
  {
    /** Begins a recording, or goes on with it: see `RecordCall`. */
    readonly open: (
      header: Uint8Array,
    ) => Effect.Effect<{ readonly call: RecordCall; readonly opening: Opening }, RecordingLost, Scope.Scope>
  }
>() {
  static readonly layer = (options: HubRecorderOptions): Layer.Layer<HubRecorder> =>
    Layer.scoped(
      HubRecorder,
      Effect.gen(function* () {
        const clients = new Map<string, Grpc.Client>()
        const shunned = new Map<string, number>()
        const isHeard = ({ hub }: HubLink) => (shunned.get(showHubAddress(hub)) ?? 0) <= performance.now()
        yield* Effect.addFinalizer(() => Effect.sync(() => clients.forEach((client) => void client.close())))
        const clientFor = (link: HubLink): Grpc.Client => {
          const way = showHubAddress(link.hub)
          const known = clients.get(way)
          if (known !== undefined && !hasFailed(known)) return known
          known?.close()
          const client = newClient(link)
          clients.set(way, client)
          return client
        }
        // Calls that are still heard go on; new ones must not wait until TCP or a keep-alive gives the old connection up.
        const drop = (way: string, silent: Grpc.Client): void => {
          shunned.set(way, performance.now() + shunnedMs)
          if (clients.get(way) === silent) clients.delete(way)
          silent.close()
        }
        const { path, requestSerialize, responseDeserialize } = recordMethod
        const start = Effect.gen(function* () {
          const [links, way] = [yield* options.links, yield* ClientWay]
          const metadata = new Grpc.Metadata()
          metadata.set("authorization", `Bearer ${Redacted.value(yield* options.token)}`)
          const link = links.find(({ hub }) => showHubAddress(hub) === way) ?? links.find(isHeard) ?? links[0]
          const client = clientFor(link)
          const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
          return { stream, onSilence: () => drop(showHubAddress(link.hub), client) }
        })
        return { open: (header) => RecordCall.open(start, header, options.ackTimeout) }
      }),
    )
}

const newClient = ({ hub, trust }: HubLink) =>
  new Grpc.Client(hubAuthority(hub), grpcCredentials(trust), { ...channelOptions, ...grpcChannelOptions(trust, hub) })

/** A live session's sink at the hub, on a call that was just opened. */
export const remoteSink = (call: RecordCall): Effect.Effect<RemoteSink, never, Scope.Scope> =>
  Effect.as(Effect.forkScoped(Effect.ignore(call.silence)), {
    offer: ({ entry, frame }) => call.offer(entry, frame.size),
    hurry: () => call.send(),
    durable: call.durable,
    finish: (end) => call.finish(encodeEndEntry(end)),
  } satisfies RemoteSink)
