import { type ServiceError, status } from "@grpc/grpc-js"
import { RecordingLost } from "../../../session/RecordingSink.ts"

/** What no retry mends: the hub does not want this recording, as it is, from this node. */
const refusals: ReadonlySet<number> = new Set([
  status.PERMISSION_DENIED,
  status.INVALID_ARGUMENT,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
])

/** What a failed gRPC call means for a recording. */
export const lostBy = (error: ServiceError): RecordingLost => {
  const refused = refusals.has(error.code)
  const message =
    error.code === status.UNAVAILABLE
      ? `the hub cannot be reached (${error.details})`
      : `the hub ${refused ? "refused the recording" : "ended the recording stream"}: ${error.details}`
  return new RecordingLost({ message, refused, cause: error })
}
