/** Certificates begin this long before they are made, for verifiers whose clocks are behind. */
export const certificateSkewSeconds = 60

/** The only principal of a user without logins, since a certificate without any is for anybody; no account can be called so. */
export const noLogin = "-mezite-nologin"
