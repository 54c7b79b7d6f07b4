import type { AuditEvent } from "../../domain/AuditEvent.ts"

/** Which events to list by what only some types tell, enhanced recording above all; null where it doesn't matter. */
export interface DetailFilter {
  /** The name of a program, without its directories. */
  readonly program: string | null
  /** The path of a program, a file or a socket; one that ends in `*` stands for all that begin so. */
  readonly path: string | null
}

const isPath = (value: unknown, path: string): boolean =>
  typeof value === "string" && (path.endsWith("*") ? value.startsWith(path.slice(0, -1)) : value === path)

/** Whether an event's detail is of such a program and path. */
export const matchesDetail = ({ detail }: AuditEvent, { program, path }: DetailFilter): boolean =>
  (program === null || detail.program === program) && (path === null || isPath(detail.path, path))

/** What stands in the JSON text of every detail that matches, and by chance in others: by it a database looks through many. */
export const wordsOf = ({ program, path }: DetailFilter): ReadonlyArray<string> => [
  ...(program === null ? [] : [`"program":${JSON.stringify(program)}`]),
  ...(path === null
    ? []
    : [
        path.endsWith("*")
          ? `"path":${JSON.stringify(path.slice(0, -1)).slice(0, -1)}`
          : `"path":${JSON.stringify(path)}`,
      ]),
]
