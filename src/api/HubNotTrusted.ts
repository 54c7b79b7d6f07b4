import { Schema } from "effect"

/** What answers at the hub's address is not the hub that we were told to trust. */
export class HubNotTrusted extends Schema.TaggedError<HubNotTrusted>()("HubNotTrusted", { message: Schema.String }) {}
