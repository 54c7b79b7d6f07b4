/** What must be known of a program's options to put its command line in the order in which @effect/cli reads it. */
export interface OptionForms {
  /** Options without a value. */
  readonly flags: ReadonlySet<string>
  /** Options that belong to the program itself; they may stand anywhere before a remote command. */
  readonly global: ReadonlySet<string>
  /** Options whose value may be left out, and what it then is. */
  readonly defaults: Readonly<Record<string, string>>
  /** Words that begin a command of two words, such as `sessions ls`. */
  readonly groups: ReadonlySet<string>
  /** The command after whose first argument everything is somebody else's, as in `msh ssh NODE ls -l`. */
  readonly remote: string | undefined
}

/** A command line, sorted. */
interface Sorted {
  readonly global: Array<string>
  readonly options: Array<string>
  readonly plain: Array<string>
}

/** `-p2222` and `-tt` as ssh(1) takes them: the option, and what stands behind it. */
const splitShort = (word: string, { flags }: OptionForms): ReadonlyArray<string> => {
  if (!/^-[A-Za-z]./.test(word)) return [word]
  const name = word.slice(0, 2)
  return [name, flags.has(name) ? `-${word.slice(2)}` : word.slice(2)]
}

/** Takes one option, and its value where it has one, from the front of `waiting`. */
const takeOption = (word: string, waiting: Array<string>, sorted: Sorted, forms: OptionForms): void => {
  const [first = word, ...more] = splitShort(word, forms)
  waiting.unshift(...more)
  const [name = first] = first.split("=", 1)
  const usual = forms.defaults[first]
  // ssh(1) takes -tt for -t with emphasis.
  if (forms.flags.has(first) && sorted.options.includes(first)) return
  const complete = first.includes("=") || forms.flags.has(first)
  const value = usual ?? (complete ? undefined : waiting.shift())
  if (forms.global.has(name) || usual !== undefined) {
    const target = forms.global.has(name) ? sorted.global : sorted.options
    target.push(value === undefined ? first : `${first}=${value}`)
  } else sorted.options.push(first, ...(value === undefined ? [] : [value]))
}

/**
 * Puts options before arguments, global ones before the command, and `--` before what is not ours, so that people may write
 * them where they like: @effect/cli takes the option in `play ID --speed 2` for an argument too many. What is unknown stays, to
 * be refused there.
 */
export const normalizeArguments = (words: ReadonlyArray<string>, forms: OptionForms): ReadonlyArray<string> => {
  const sorted: Sorted = { global: [], options: [], plain: [] }
  const waiting = [...words]
  const forced: Array<string> = []
  for (let word = waiting.shift(); word !== undefined; word = waiting.shift()) {
    const isOption = word.startsWith("-") && word !== "-"
    const isRemote = forms.remote !== undefined && sorted.plain[0] === forms.remote
    if (word === "--" || (isRemote && !isOption)) {
      // As ssh(1) takes it: `ssh NODE -- COMMAND` runs COMMAND.
      const [next, ...rest] = waiting
      const given = isRemote && word !== "--" && next === "--" ? rest : waiting
      forced.push("--", ...(word === "--" ? [] : [word]), ...given)
      break
    }
    if (isOption) takeOption(word, waiting, sorted, forms)
    else sorted.plain.push(word)
  }
  const { global, options, plain } = sorted
  const named = forms.groups.has(plain[0] ?? "") ? 2 : 1
  return [...global, ...plain.slice(0, named), ...options, ...plain.slice(named), ...forced]
}
