import { Chunk, Effect, Stream } from "effect"
import { jsonText } from "../domain/jsonText.ts"
import type { OutputLost } from "../play/OutputLost.ts"
import { print } from "./Output.ts"
import type { Stdio } from "./Stdio.ts"
import { formatTable, type Row } from "./Table.ts"

/** `--format`. */
export type ListFormat = "text" | "json"

/** How a list is printed as text. */
export interface Columns<A> {
  readonly header: ReadonlyArray<string>
  readonly row: (item: A) => Row
}

/** Rows are aligned among this many: a longer list is not held in memory as a whole. */
const rowsAtOnce = 1000

const printJson = <A, E, R>(items: Stream.Stream<A, E, R>) =>
  Effect.gen(function* () {
    let before = "["
    yield* Stream.runForEachChunk(items, (chunk) => {
      const text = Chunk.toReadonlyArray(chunk)
        .map((item) => {
          const separator = before
          before = ","
          return `${separator}\n  ${jsonText(item)}`
        })
        .join("")
      return print(text)
    })
    yield* print(before === "[" ? "[]\n" : "\n]\n")
  })

const printText = <A, E, R>(items: Stream.Stream<A, E, R>, columns: Columns<A>) =>
  Effect.gen(function* () {
    let first = true
    yield* Stream.runForEachChunk(Stream.rechunk(items, rowsAtOnce), (chunk) => {
      const table = formatTable(columns.header, Chunk.toReadonlyArray(chunk).map(columns.row))
      const text = first ? table : table.slice(table.indexOf("\n") + 1)
      first = false
      return print(text)
    })
    if (first) yield* print(formatTable(columns.header, []))
  })

/** Prints a list: a table, or one JSON array, item by item as they come. Nothing else goes to standard output. */
export const printList = <A, E, R>(
  items: Stream.Stream<A, E, R>,
  format: ListFormat,
  columns: Columns<A>,
): Effect.Effect<void, E | OutputLost, R | Stdio> => (format === "json" ? printJson(items) : printText(items, columns))
