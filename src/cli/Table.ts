import { plainLine } from "./plainLine.ts"

/** A row of a table has a cell for each column. */
export type Row = ReadonlyArray<string>

/** Aligned columns, two spaces between them, no space at the ends of lines. Control characters in cells are made visible. */
export const formatTable = (header: Row, rows: ReadonlyArray<Row>): string => {
  const lines = [header, ...rows.map((row) => row.map(plainLine))]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)))
  const format = (line: Row) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()
  return `${lines.map(format).join("\n")}\n`
}
