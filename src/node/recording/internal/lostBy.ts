import { type ServiceError, status } from "@grpc/grpc-js"
import { refusalTrailer } from "../../../api/RecordingIngestMethod.ts"
import { RecordingLost } from "../../../session/RecordingSink.ts"

/** What no retry mends: the hub does not want this recording, as it is, from this node. */
const finalReasons: ReadonlySet<string> = new Set(["denied", "invalid"])

/** What the hub gave for its reason; none where the call ended without its word. */
const reasonOf = ({ metadata }: ServiceError): string | undefined => metadata?.get(refusalTrailer)[0]?.toString()

/** What a failed gRPC call means for a recording. */
export const lostBy = (error: ServiceError): RecordingLost => {
  const reason = reasonOf(error)
  if (reason === undefined) {
    const silent = error.code === status.UNAVAILABLE
    const message = silent ? "the hub cannot be reached" : `the recording stream broke off: ${error.details}`
    return new RecordingLost({ message, cause: error })
  }
  const refused = finalReasons.has(reason)
  const message = refused ? `the hub refused the recording: ${error.details}` : error.details
  return new RecordingLost({ message, refused, cause: error })
}
