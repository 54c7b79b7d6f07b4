import { Schema } from "effect"

/** Bytes or text that are not a well-formed key, certificate or signature. */
export class SshFormatError extends Schema.TaggedError<SshFormatError>()("SshFormatError", {
  message: Schema.String,
}) {}

/** A well-formed certificate that does not entitle its bearer to what was asked for. */
export class CertificateRejected extends Schema.TaggedError<CertificateRejected>()("CertificateRejected", {
  reason: Schema.Literal(
    "authority",
    "signature",
    "kind",
    "validity",
    "principal",
    "critical-option",
    "source-address",
  ),
  message: Schema.String,
}) {}

/** Authentication was refused; the peer only learns that it failed, the message is for the log. */
export class AuthRejected extends Schema.TaggedError<AuthRejected>()("AuthRejected", {
  message: Schema.String,
  /** No other key would help: the peer, which has proven who it is, is told the message, and disconnected. */
  final: Schema.optionalWith(Schema.Boolean, { default: () => false }),
}) {}

/** An SSH connection could not be set up, or broke. */
export class SshConnectionError extends Schema.TaggedError<SshConnectionError>()("SshConnectionError", {
  /** `unreachable`: there is no transport; `closed`: by the peer or the network; `protocol`: the peer broke the protocol; `host-key`: the server is not who it should be. */
  reason: Schema.Literal("unreachable", "closed", "protocol", "timeout", "authentication", "host-key"),
  message: Schema.String,
}) {}

/** The channel, or the connection under it, was closed before the operation could be done. */
export class ChannelClosed extends Schema.TaggedError<ChannelClosed>()("ChannelClosed", {
  message: Schema.String,
}) {}

/** The peer refused to open a channel, or to start what was asked for on it. */
export class ChannelRefused extends Schema.TaggedError<ChannelRefused>()("ChannelRefused", {
  message: Schema.String,
}) {}
