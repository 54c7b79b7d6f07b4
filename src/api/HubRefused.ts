import { Schema } from "effect"

/** The hub answered, and declined: its HTTP status and its words; or something before it did, a load balancer. */
export class HubRefused extends Schema.TaggedError<HubRefused>()("HubRefused", {
  status: Schema.Int,
  message: Schema.String,
  /** Whether the answer has the form of the hub's own. */
  byHub: Schema.Boolean,
}) {}
