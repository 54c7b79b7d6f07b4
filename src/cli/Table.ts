import { plainLine } from "./plainLine.ts"

/** A row of a table has a cell for each column; null where there is nothing to tell. */
export type Row = ReadonlyArray<string | null>

/** So that what stands in a column is always the same word of its line. */
const shown = (cell: string | null): string => plainLine(cell ?? "") || "-"

/**
 * Aligned columns, two spaces between them, no space at the ends of lines. Control characters in cells are made visible, and what is
 * empty is `-`.
 */
export const formatTable = (header: ReadonlyArray<string>, rows: ReadonlyArray<Row>): string => {
  const lines = [header, ...rows.map((row) => row.map(shown))]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)))
  const format = (line: ReadonlyArray<string>) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()
  return `${lines.map(format).join("\n")}\n`
}
