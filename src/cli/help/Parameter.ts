import type { Usage } from "@effect/cli/Usage"
import { Option } from "effect"

/** An option, or what stands for an argument. */
export interface Parameter {
  /** `-o` and `--out`; of an argument: its name, such as `NODE`. */
  readonly names: ReadonlyArray<string>
  /** What an option's value is called; none: it has no value. */
  readonly value: string | undefined
  /** What an option's value may be, where that is not said by `value`. */
  readonly choices: ReadonlyArray<string>
  readonly optional: boolean
  readonly repeated: boolean
}

/** What @effect/cli calls a value that nobody gave a name. */
const nameless: ReadonlySet<string> = new Set(["text", "integer", "float"])

/** Choices that are longer are told apart from the form. */
const longestChoices = 40

const longest = (names: ReadonlyArray<string>): string =>
  names.reduce((one, other) => (other.length > one.length ? other : one), "")

const namedValue = (names: ReadonlyArray<string>, accepted: string): Pick<Parameter, "value" | "choices"> => {
  const own = longest(names).replace(/^-+/, "").toUpperCase()
  if (nameless.has(accepted)) return { value: own, choices: [] }
  const choices = accepted.split(" | ")
  const together = choices.join("|")
  return together.length > longestChoices ? { value: own, choices } : { value: together, choices: [] }
}

/** A command's parameters in the order in which they were declared, after the command itself. */
export const parametersOf = (usage: Usage, optional = false, repeated = false): ReadonlyArray<Parameter> => {
  switch (usage._tag) {
    case "Empty":
    case "Mixed":
      return []
    case "Named": {
      const names = usage.names.map((name) => name.replaceAll(/[<>]/g, ""))
      const value = Option.match(usage.acceptedValues, {
        onNone: () => ({ value: undefined, choices: [] }),
        onSome: (accepted) => namedValue(names, accepted),
      })
      return [{ names, ...value, optional, repeated }]
    }
    case "Optional":
      return parametersOf(usage.usage, true, repeated)
    case "Repeated":
      return parametersOf(usage.usage, true, true)
    default:
      return [...parametersOf(usage.left, optional, repeated), ...parametersOf(usage.right, optional, repeated)]
  }
}

export const isOption = ({ names }: Parameter): boolean => names.some((name) => name.startsWith("-"))

/** `-o, --out FILE` */
export const formOf = ({ names, value }: Parameter): string =>
  [names.join(", "), ...(value === undefined ? [] : [value])].join(" ")

/** As it stands in a usage line: `[--out FILE]`, `[-L SPEC]…`, `NODE`, `[COMMAND…]`. */
export const usageOf = (parameter: Parameter): string => {
  const { names, optional, repeated } = parameter
  const form = formOf({ ...parameter, names: [longest(names)] })
  if (repeated) return isOption(parameter) ? `[${form}]…` : `[${form}…]`
  return optional ? `[${form}]` : form
}
