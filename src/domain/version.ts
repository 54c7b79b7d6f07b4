/** The version of Mezite, as `--version` tells it and recordings note it. */
export const version = "0.1.0"
