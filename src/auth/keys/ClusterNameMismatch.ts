import { Schema } from "effect"

/** The cluster has another name than the one that the hub was started with; certificates and recordings bear its name. */
export class ClusterNameMismatch extends Schema.TaggedError<ClusterNameMismatch>()("ClusterNameMismatch", {
  stored: Schema.String,
  given: Schema.String,
}) {
  override get message(): string {
    return `this cluster's name is "${this.stored}", not "${this.given}": set MEZITE_CLUSTER_NAME=${this.stored}, or start with an empty data directory`
  }
}
