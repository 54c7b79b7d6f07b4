/** The version of every program of this package. */
export const version = "0.1.0"
