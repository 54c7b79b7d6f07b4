import type { Readable } from "node:stream"
import { Effect, Option } from "effect"

/** The next bytes of a stream, or none after its end or its failure. The stream is not destroyed by who stops reading. */
export const readChunk = (stream: Readable): Effect.Effect<Option.Option<Buffer>> =>
  Effect.async((resume) => {
    const finish = (chunk: Option.Option<Buffer>) => {
      cleanup()
      resume(Effect.succeed(chunk))
    }
    const tryRead = () => {
      const chunk: Buffer | null = stream.read()
      if (chunk !== null) finish(Option.some(chunk))
    }
    const ended = () => finish(Option.none())
    const cleanup = () => {
      stream.off("readable", tryRead)
      stream.off("end", ended)
      stream.off("close", ended)
      stream.off("error", ended)
    }
    if (stream.readableEnded || stream.destroyed) {
      resume(Effect.succeed(Option.none()))
      return
    }
    stream.on("end", ended)
    stream.on("close", ended)
    stream.on("error", ended)
    stream.on("readable", tryRead)
    tryRead()
    return Effect.sync(cleanup)
  })
