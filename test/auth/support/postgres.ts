import type { TestProject } from "vitest/node"
import { PostgresServer } from "../../support/PostgresServer.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** The URL of a server's database, where tests run over PostgreSQL. */
    readonly postgres: string
  }
}

/** One server for all files of the project; each test makes a database of its own in it. */
export default async function startPostgres(project: TestProject): Promise<() => Promise<void>> {
  const server = await PostgresServer.start()
  project.provide("postgres", server.url("postgres"))
  return () => server.stop()
}
