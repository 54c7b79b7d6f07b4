import type { Duplex } from "node:stream"
import { create } from "@bufbuild/protobuf"
import * as Grpc from "@grpc/grpc-js"
import { Cause, Effect, FiberSet, Redacted } from "effect"
import { recordMethod, refusalTrailer } from "../../api/RecordingIngestMethod.ts"
import { defaultHeartbeat, type Heartbeat } from "../../api/transport/Heartbeat.ts"
import {
  AckSchema,
  KeptSchema,
  OpenedSchema,
  type RecordResponse,
  RecordResponseSchema,
  StoredSchema,
} from "../../recording/gen/mezite/recording/v1/ingest_pb.ts"
import { Callers } from "../access/Callers.ts"
import { IngestRefused } from "./IngestRefused.ts"
import { CallInbox } from "./internal/CallInbox.ts"
import { StrangeConnections } from "./internal/StrangeConnections.ts"
import type { OpenRecording, WholeRecording } from "./OpenRecording.ts"
import { RecordingIngest } from "./RecordingIngest.ts"

type Call = Grpc.ServerDuplexStream<Uint8Array, RecordResponse>

/** Larger than any entry, and than what an agent sends at once. */
const maxMessageBytes = 4 * 1024 * 1024
/** An agent takes a hub that has been silent for five of these to be gone. */
const heartbeatMs = 1000
/** How long a client may take to send its header. */
const openingLimit = "10 seconds"

const codes: Record<IngestRefused["reason"], Grpc.status> = {
  unauthenticated: Grpc.status.UNAUTHENTICATED,
  denied: Grpc.status.PERMISSION_DENIED,
  invalid: Grpc.status.INVALID_ARGUMENT,
  superseded: Grpc.status.ABORTED,
  unavailable: Grpc.status.UNAVAILABLE,
}

const ack = (seq: number) =>
  create(RecordResponseSchema, {
    response: { case: "ack", value: create(AckSchema, { durableSeq: BigInt(seq) }) },
  })

/** Serves `RecordingIngest` on HTTP/2 connections that somebody else accepted; one whose peer answers no ping is cut. */
export const make = Effect.fn("GrpcIngest.make")(function* (
  connections: Heartbeat = defaultHeartbeat,
  strangerLimitMs = 20_000,
) {
  const ingest = yield* RecordingIngest
  const callers = yield* Callers
  const run = yield* FiberSet.makeRuntime<never>()
  const strangers = new StrangeConnections(strangerLimitMs)

  const authenticate = (call: Call) => {
    const [authorization] = call.metadata.get("authorization")
    const token = /^Bearer (\S+)$/.exec(String(authorization ?? ""))?.[1] ?? ""
    return Effect.catchTags(callers.recorder(Redacted.make(token)), {
      Unauthenticated: ({ message }) => new IngestRefused({ reason: "unauthenticated", message }),
      SqlError: (error) =>
        Effect.zipRight(
          Effect.logError("a node cannot be looked up", error),
          new IngestRefused({ reason: "unavailable", message: "the hub cannot look the node up now" }),
        ),
    })
  }

  const record = Effect.fn("RecordingIngest.Record")(function* (call: Call) {
    const node = yield* authenticate(call)
    strangers.known(call)
    const inbox = new CallInbox(call)
    const header = yield* inbox.first.pipe(
      Effect.timeoutFail({
        duration: openingLimit,
        // Not "invalid": a machine that stood still for a while has nothing wrong with its recording.
        onTimeout: () => new IngestRefused({ reason: "unavailable", message: "no header was sent" }),
      }),
    )
    const recording = yield* ingest.open(node, header)
    if (recording._tag !== "Open") return yield* whole(call, recording)
    call.write(
      create(RecordResponseSchema, {
        response: { case: "opened", value: create(OpenedSchema, { nextSeq: BigInt(recording.nextSeq) }) },
      }),
    )
    const stopAcknowledging = acknowledge(call, recording, () => inbox.resume())
    yield* Effect.addFinalizer(() => Effect.sync(stopAcknowledging))
    const everything = inbox.others({ take: recording.accept, hasRoom: recording.hasRoom })
    yield* Effect.raceFirst(everything, recording.failure)
    yield* whole(call, yield* recording.finish)
  }, Effect.scoped)

  const handle = (call: Call): void => {
    const fiber = run(
      Effect.matchCauseEffect(record(call), {
        onSuccess: () => Effect.sync(() => void call.end()),
        onFailure: (cause) =>
          Effect.zipRight(
            Cause.isDie(cause) ? Effect.logError("a recording stream failed", cause) : Effect.void,
            Effect.sync(() => void call.emit("error", statusOf(cause))),
          ),
      }),
    )
    call.on("cancelled", () => fiber.unsafeInterruptAsFork(fiber.id()))
  }

  const server = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const server = new Grpc.Server({
        "grpc.max_receive_message_length": maxMessageBytes,
        "grpc.keepalive_time_ms": connections.intervalMs,
        "grpc.keepalive_timeout_ms": connections.deadAfterMs - connections.intervalMs,
      })
      server.addService({ record: recordMethod }, { record: handle })
      return server
    }),
    (server) => Effect.sync(() => server.forceShutdown()),
  )
  const injector = server.createConnectionInjector(Grpc.ServerCredentials.createInsecure())
  return {
    /**
     * Takes an HTTP/2 connection. TLS, if any, is already off. It is cut off where no node has made itself known by a call in
     * `strangerLimitMs`.
     */
    accept: (connection: Duplex): void => {
      strangers.watch(connection)
      injector.injectConnection(connection)
    },
  }
})

/**
 * Tells what is durable as soon as it is, and that the hub is there when nothing is; until the function it gives is called.
 * Acknowledgements add up: while an agent does not read them, none are queued.
 */
const acknowledge = (call: Call, recording: OpenRecording, onDurable: () => void): (() => void) => {
  let told = recording.durableSeq()
  const tell = (): void => {
    if (call.writableNeedDrain) return
    told = recording.durableSeq()
    call.write(ack(told))
  }
  recording.onDurable(() => {
    if (recording.durableSeq() > told) tell()
    onDurable()
  })
  const heartbeat = setInterval(tell, heartbeatMs)
  return () => clearInterval(heartbeat)
}

/** The last that is said: where the whole recording is. */
const whole = (call: Call, { _tag, digest, bytes }: WholeRecording) =>
  Effect.sync(() => {
    const value = { digest, bytes: BigInt(bytes) }
    call.write(
      create(RecordResponseSchema, {
        response:
          _tag === "Stored"
            ? { case: "stored", value: create(StoredSchema, value) }
            : { case: "kept", value: create(KeptSchema, value) },
      }),
    )
  })

const statusOf = (cause: Cause.Cause<IngestRefused>): Grpc.ServerErrorResponse => {
  const failure = Cause.failureOption(cause)
  const refused =
    failure._tag === "Some"
      ? failure.value
      : new IngestRefused({
          reason: "unavailable",
          message: Cause.isInterruptedOnly(cause) ? "the hub is stopping" : "the hub failed; its log tells why",
        })
  const metadata = new Grpc.Metadata()
  metadata.set(refusalTrailer, refused.reason)
  const { message } = refused
  return { name: refused._tag, code: codes[refused.reason], details: message, message, metadata }
}
