import { fromBinary, toBinary } from "@bufbuild/protobuf"
import type { MethodDefinition } from "@grpc/grpc-js"
import { type RecordResponse, RecordResponseSchema } from "../recording/gen/mezite/recording/v1/ingest_pb.ts"

/**
 * In the trailers of a call that the hub itself ended, with the reason of its `IngestRefused`. A status alone may be that of a
 * proxy on the way, which knows nothing of recordings.
 */
export const refusalTrailer = "mezite-refusal"

/**
 * `mezite.recording.v1.RecordingIngest/Record` for @grpc/grpc-js. Requests stay bytes: both ends split and encode entries
 * themselves, for this is the hot path.
 */
export const recordMethod: MethodDefinition<Uint8Array, RecordResponse> = {
  path: "/mezite.recording.v1.RecordingIngest/Record",
  requestStream: true,
  responseStream: true,
  requestSerialize: (bytes) =>
    Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
  requestDeserialize: (bytes) => bytes,
  responseSerialize: (response) => Buffer.from(toBinary(RecordResponseSchema, response)),
  responseDeserialize: (bytes) => fromBinary(RecordResponseSchema, bytes),
}
