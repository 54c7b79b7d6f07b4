import { statSync } from "node:fs"
import { expect, it, onTestFinished } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { runToEnd } from "./support/Program.ts"
import { until } from "./support/until.ts"
import { jump } from "./support/ways.ts"

it("what a node does not serve is refused with a word, and a clean stop leaves one database file", async () => {
  const cluster = await Cluster.start()
  onTestFinished(() => cluster.stop())
  // With a command, which is left out, ssh(1) is not told to be quiet.
  const words = (await jump.words(cluster, "web-1", { command: "true" })).slice(0, -1)
  const [before, host] = [words.slice(0, -1), words.at(-1) ?? ""]

  const netconf = await runToEnd([...before, "-s", host, "netconf"], cluster.userVariables)
  expect(netconf.code).toBe(1)
  expect(netconf.stderr).toContain("mezite: this node does not have that subsystem\n")
  await until("the refusal is audited", async () =>
    (await cluster.audit("session.rejected")).some(({ detail }) =>
      String(detail.reason).includes('subsystem "netconf"'),
    ),
  )

  cluster.hub.kill("SIGTERM")
  await cluster.hub.ended
  expect(statSync(`${cluster.hubDirectory}/hub.db-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
})
