import { onTestFinished } from "vitest"
import type { Cluster } from "./Cluster.ts"
import { Terminal } from "./Terminal.ts"
import { mshSsh, type Way } from "./ways.ts"

/** A shell on a node that has shown something, and its process id; closed with the test. */
export const openShell = async (cluster: Cluster, node: string, way: Way = mshSsh) => {
  const terminal = new Terminal(await way.words(cluster, node), cluster.userVariables)
  onTestFinished(() => terminal.close())
  await terminal.shows(/[#$] $/)
  terminal.type("echo 'shell' \"$$ here\"; echo all''-shown\r")
  const [, pid] = await terminal.shows(/shell (\d+) here\r\nall-shown\r\n/)
  return { terminal, shell: Number(pid) }
}
