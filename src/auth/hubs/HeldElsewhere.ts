import { Schema } from "effect"
import { HubId, SessionId } from "../../domain/Identifiers.ts"

/** Another hub of the cluster has this session now; what this one has of it does not count any more. */
export class HeldElsewhere extends Schema.TaggedError<HeldElsewhere>()("HeldElsewhere", {
  sessionId: SessionId,
  hub: HubId,
}) {
  override get message(): string {
    return `another hub (${this.hub}) goes on with session ${this.sessionId}`
  }
}
