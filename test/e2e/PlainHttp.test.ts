import { expect, it, onTestFinished } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { runToEnd } from "./support/Program.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { ways } from "./support/ways.ts"

it("behind a load balancer that ends TLS, everything goes over plain HTTP and h2c", async () => {
  const cluster = await Cluster.start({ hub: { MEZITE_TLS: "off" } })
  onTestFinished(() => cluster.stop())
  expect(cluster.pin).toBe("")
  for (const way of ways) {
    const words = await way.words(cluster, "web-1", { command: `echo ${way.name}` })
    const { code, stdout, stderr } = await runToEnd(words, cluster.userVariables)
    expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 0, stdout: `${way.name}\n`, stderr: "" })
    const session = await cluster.lastSession()
    expect(session).toMatchObject({ mode: "node-sync", status: "completed" })
    expect(storedRecording(cluster.recording(session.session_id)).output.toString()).toBe(`${way.name}\n`)
    expect((await cluster.msh("verify", session.session_id)).code).toBe(0)
  }
  const ready = await fetch(`http://${cluster.listen}/readyz`)
  expect(ready.status).toBe(200)
})
