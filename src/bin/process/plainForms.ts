import type { OptionForms } from "../../cli/normalizeArguments.ts"

/** A service's command line has no options but those of its commands, each with a value. */
export const plainForms: OptionForms = {
  flags: new Set(["--help", "-h"]),
  global: new Set(),
  defaults: {},
  groups: new Set(),
  remote: undefined,
}
