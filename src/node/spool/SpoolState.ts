import { Either, type Option, Schema } from "effect"

/** What became of frames that could not be written. */
export const LostFrames = Schema.Struct({
  /** The failure of the disk. */
  reason: Schema.String,
  frames: Schema.Number,
  /** What they held, in clear. */
  bytes: Schema.Number,
  /** Milliseconds from the session's start to the first of them. */
  time_ms: Schema.Number,
})
export type LostFrames = typeof LostFrames.Type

/** How a recording goes on behind what is in its file, where the file could not be written any more. */
export const SpoolTail = Schema.Struct({
  /** The bytes of the file that hold. */
  position: Schema.Number,
  /** Frames among these. */
  frames: Schema.Number,
  lost: LostFrames,
  /** The End's entry in base64; null where the agent did not live to know it. */
  end: Schema.NullOr(Schema.String),
})
export type SpoolTail = typeof SpoolTail.Type

/** What is noted beside a spooled recording. Times are RFC 3339 in UTC. */
export const SpoolState = Schema.Struct({
  /** `running` and `uploading` say nothing once the agent that wrote them is gone. */
  state: Schema.Literal("running", "waiting", "uploading", "set_aside"),
  /** Why it is set aside; empty else. */
  reason: Schema.String,
  /** Uploads that failed, one after the other. */
  attempts: Schema.Number,
  last_error: Schema.NullOr(Schema.String),
  next_attempt_at: Schema.NullOr(Schema.String),
  tail: Schema.NullOr(SpoolTail),
})
export type SpoolState = typeof SpoolState.Type

/** Of a recording of which nothing is noted. */
export const unnoted: SpoolState = {
  state: "waiting",
  reason: "",
  attempts: 0,
  last_error: null,
  next_attempt_at: null,
  tail: null,
}

/** Bytes of a state's file, always: it is written over in place, so that it can be written on a disk that is full. */
export const stateBytes = 4096

const longestText = 300
const short = (text: string) => text.replaceAll(/\p{Cc}+/gu, " ").slice(0, longestText)

const encode = Schema.encodeSync(Schema.parseJson(SpoolState))
const decode = Schema.decodeUnknownEither(Schema.parseJson(SpoolState))

/** The content of a state's file; long texts are cut. Throws where an End does not fit. */
export const encodeSpoolState = (state: SpoolState): Uint8Array => {
  const { reason, last_error, tail } = state
  const cut = {
    ...state,
    reason: short(reason),
    last_error: last_error === null ? null : short(last_error),
    tail: tail === null ? null : { ...tail, lost: { ...tail.lost, reason: short(tail.lost.reason) } },
  }
  const content = Buffer.from(`${encode(cut)}\n`)
  if (content.length > stateBytes) throw new Error("a recording's state does not fit its file")
  return Buffer.concat([content, Buffer.alloc(stateBytes - content.length, " ")])
}

/** Reads a state's file; none where it is no such thing. */
export const decodeSpoolState = (content: Uint8Array): Option.Option<SpoolState> =>
  Either.getRight(decode(Buffer.from(content).toString("utf8")))
