import * as Grpc from "@grpc/grpc-js"
import { Effect, Redacted } from "effect"
import { mintNodeToken } from "../../../../src/api/BearerToken.ts"
import { recordMethod } from "../../../../src/api/RecordingIngestMethod.ts"
import type { RecordResponse } from "../../../../src/recording/gen/mezite/recording/v1/ingest_pb.ts"
import type { joined } from "../../support/Fixtures.ts"

export type TestNode = Effect.Effect.Success<ReturnType<typeof joined>>

/** A token as a node mints it. */
export const tokenOf = (node: TestNode) =>
  mintNodeToken({ nodeId: node.id, audience: "test", key: node.identity.privateKey })

/** One call of `Record`, driven by hand. */
export class TestCall {
  readonly #stream: Grpc.ClientDuplexStream<Uint8Array, RecordResponse>
  #changed: () => void = () => {}
  opened: number | undefined
  acks: Array<number> = []
  stored: { readonly digest: string; readonly bytes: number } | undefined
  kept: { readonly digest: string; readonly bytes: number } | undefined
  /** How it ended. */
  status: Grpc.StatusObject | undefined

  constructor(stream: Grpc.ClientDuplexStream<Uint8Array, RecordResponse>) {
    this.#stream = stream
    stream.on("data", ({ response }: RecordResponse) => {
      if (response.case === "opened") this.opened = Number(response.value.nextSeq)
      if (response.case === "ack") this.acks.push(Number(response.value.durableSeq))
      if (response.case === "stored" || response.case === "kept") {
        this[response.case] = {
          digest: Buffer.from(response.value.digest).toString("hex"),
          bytes: Number(response.value.bytes),
        }
      }
      this.#changed()
    })
    stream.on("status", (status) => {
      this.status = status
      this.#changed()
    })
    stream.on("error", () => this.#changed())
  }

  get acked(): number {
    return this.acks.at(-1) ?? 0
  }

  send(...entries: ReadonlyArray<Uint8Array>): void {
    for (const entry of entries) this.#stream.write(entry)
  }

  half(): void {
    this.#stream.end()
  }

  cancel(): void {
    this.#stream.cancel()
  }

  /** Waits until something is so, at most 20 seconds. */
  until(isSo: (call: this) => boolean): Effect.Effect<this> {
    return Effect.async<this>((resume) => {
      this.#changed = () => {
        if (isSo(this)) resume(Effect.succeed(this))
      }
      this.#changed()
    }).pipe(
      Effect.timeoutFail({ duration: "20 seconds", onTimeout: () => new Error(`never: ${isSo}; ${this.describe()}`) }),
      Effect.orDie,
    )
  }

  /** The status that it ends with. */
  get over(): Effect.Effect<{ readonly code: number; readonly details: string }> {
    return Effect.map(
      this.until((call) => call.status !== undefined),
      ({ status }) => ({ code: status?.code ?? -1, details: status?.details ?? "" }),
    )
  }

  describe(): string {
    return JSON.stringify({
      opened: this.opened,
      acked: this.acked,
      stored: this.stored,
      kept: this.kept,
      status: this.status,
    })
  }
}

/** Calls `Record` on that port with that token, over a connection of its own. */
export const callWith = (port: number, token: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Grpc.Client(`127.0.0.1:${port}`, Grpc.credentials.createInsecure())),
      (client) => Effect.sync(() => client.close()),
    ),
    (client) => {
      const { path, requestSerialize, responseDeserialize } = recordMethod
      const metadata = new Grpc.Metadata()
      metadata.set("authorization", `Bearer ${token}`)
      return new TestCall(client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata))
    },
  )

/** Calls `Record` as a node. */
export const callAs = (port: number, node: TestNode) =>
  Effect.flatMap(tokenOf(node), (token) => callWith(port, Redacted.value(token)))
