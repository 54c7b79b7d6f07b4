import { Schema } from "effect"

/** What passes is not the protocol that it should be, so nobody could tell what is done with which file; the transfer must end. */
export class TransferGarbled extends Schema.TaggedError<TransferGarbled>()("TransferGarbled", {
  message: Schema.String,
}) {}
