import { Args, CliConfig, Command, Options } from "@effect/cli"
import { NodeContext } from "@effect/platform-node"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { formatHelp } from "../../../src/cli/help/formatHelp.ts"
import { parseHelp } from "../../../src/cli/help/HelpPage.ts"
import { quietConsole } from "../../../src/cli/internal/quietConsole.ts"

const show = Command.make(
  "show",
  {
    format: Options.choice("format", ["text", "json"] as const).pipe(Options.withDescription("how it is written")),
    kind: Options.choice("kind", [..."abcdefgh"]).pipe(Options.withDescription("only this kind"), Options.optional),
    number: Options.integer("number").pipe(Options.withDescription("no more than this many"), Options.optional),
    out: Options.text("out").pipe(Options.withAlias("o"), Options.optional),
    forward: Options.text("L").pipe(
      Options.withDescription("a text that is longer than what is left of a line of 80 columns, and so goes on below"),
      Options.repeated,
    ),
    what: Args.text({ name: "WHAT" }),
    more: Args.text({ name: "MORE" }).pipe(Args.repeated),
  },
  () => Effect.void,
).pipe(Command.withDescription("Show things"))

const group = Command.make("things", {}, () => Effect.void).pipe(
  Command.withDescription("What there is"),
  Command.withSubcommands([show]),
)

const program = Command.make(
  "prog",
  { quiet: Options.boolean("quiet").pipe(Options.withDescription("say less")) },
  () => Effect.void,
).pipe(Command.withDescription("Does things"), Command.withSubcommands([group]))

/** The help that @effect/cli prints for these words, as it comes. */
const printed = async (...words: ReadonlyArray<string>): Promise<string> => {
  let text = ""
  const run = Command.run(program, { name: "prog", version: "1" })
  await Effect.runPromise(
    run(["node", "prog", ...words, "--help"]).pipe(
      Effect.withConsole(quietConsole((more) => (text += more))),
      Effect.provide([NodeContext.layer, CliConfig.layer({ showBuiltIns: false })]),
    ),
  )
  return text
}

const help = async (...words: ReadonlyArray<string>) => {
  const page = parseHelp(await printed(...words))
  return page === undefined ? "" : formatHelp(page, ["prog", ...words])
}

it("lists what does something, and says how to ask for more", async () => {
  expect(await help()).toBe(`Usage: prog [--quiet] COMMAND

Does things

Commands:
  things show  Show things

Options:
  --quiet  say less

prog COMMAND --help tells of one.`)
  expect(await help("things")).toMatch(
    /^Usage: prog things COMMAND\n\nWhat there is\n\nCommands:\n {2}show {2}Show things\n/,
  )
})

it("says of a command what its usage does not show, in 80 columns", async () => {
  expect(
    await help("things", "show"),
  ).toBe(`Usage: prog things show --format text | json [--kind KIND] [--number NUMBER]
                        [-o, --out TEXT] [-L TEXT]... WHAT [MORE]...

Show things

Options:
  --format text | json  how it is written
  --kind KIND           a, b, c, d, e, f, g, h: only this kind
  --number NUMBER       no more than this many
  -o, --out TEXT
  -L TEXT               a text that is longer than what is left of a line of 80
                        columns, and so goes on below`)
})

it("leaves alone what is no help", () => {
  expect(parseHelp("prog 1")).toBeUndefined()
})
