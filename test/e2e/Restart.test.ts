import { expect, it, onTestFinished } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { bundled, runToEnd } from "./support/Program.ts"
import { until } from "./support/until.ts"
import { jump } from "./support/ways.ts"

it("hub and agent end with 0 at SIGTERM, and go on as the same ones", async () => {
  const cluster = await Cluster.start()
  onTestFinished(() => cluster.stop())
  const { pin, listen, ssh } = cluster
  const config = await cluster.sshConfig()
  const nodes = async () => JSON.parse((await cluster.mezctl("nodes", "ls", "--format=json")).stdout.toString())
  const [{ id }] = await nodes()
  const keys = async () => (await cluster.mezctl("ca", "export", "--type", "user")).stdout.toString()
  const authority = await keys()

  for (const _ of [1, 2]) {
    cluster.agent().kill("SIGTERM")
    expect(await cluster.agent().ended).toMatchObject({ code: 0, signal: null })
    cluster.hub.kill("SIGTERM")
    expect(await cluster.hub.ended).toMatchObject({ code: 0, signal: null })
    await cluster.startHub()
    await cluster.startAgent("web-1")
  }
  expect({ pin: cluster.pin, listen: cluster.listen, ssh: cluster.ssh }).toEqual({ pin, listen, ssh })
  expect((await nodes()).map((node: { id: string }) => node.id)).toEqual([id])
  expect(await keys()).toBe(authority)
  // The ssh_config and the identity of before are still good.
  const words = [
    "ssh",
    "-F",
    config,
    "-J",
    `alice@${ssh}`,
    (await jump.words(cluster, "web-1")).at(-1) ?? "",
    "echo same",
  ]
  expect((await runToEnd(words, cluster.userVariables)).stdout.toString()).toBe("same\n")
  expect((await cluster.mezctl("audit", "verify")).code).toBe(0)

  // An agent outlives its hub, and finds it again.
  cluster.hub.kill("SIGTERM")
  await cluster.hub.ended
  await cluster.startHub()
  await until("the node is online again", async () => (await nodes())[0]?.online)
  expect(cluster.agent().running).toBe(true)
})

it("a second hub on the same ports or the same data, or one of another name, says why it cannot", async () => {
  const cluster = await Cluster.start({ nodes: {} })
  onTestFinished(() => cluster.stop())
  const run = (more: Record<string, string>) =>
    runToEnd([...bundled("mezhub"), "start"], { ...cluster.hubVariables, ...more })
  const ports = await run({ MEZITE_DATA_DIR: `${cluster.directory}/second` })
  expect(ports).toMatchObject({
    code: 1,
    stderr: `mezhub: cannot listen at ${cluster.ssh}: another program listens there\n`,
  })
  const free = { MEZITE_LISTEN: "127.0.0.1:0", MEZITE_SSH_LISTEN: "127.0.0.1:0" }
  expect(await run(free)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^mezhub: another mezhub uses [^\n]* \(pid \d+\): stop it[^\n]*\n$/),
  })
  expect((await cluster.mezctl("nodes", "ls")).code).toBe(0)
  cluster.hub.kill("SIGTERM")
  await cluster.hub.ended
  const name = await run({ ...free, MEZITE_CLUSTER_NAME: "other" })
  expect(name).toMatchObject({ code: 1, stderr: expect.stringMatching(/^mezhub: [^\n]*mezite[^\n]*other[^\n]*\n$/) })
})
