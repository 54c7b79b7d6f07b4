import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { FaultyStore } from "../auth/storage/support/FaultyStore.ts"
import { RadosGateway } from "../support/RadosGateway.ts"
import { Cluster } from "./support/Cluster.ts"
import { filesUnder } from "./support/filesUnder.ts"
import { bundled, runToEnd } from "./support/Program.ts"
import { until } from "./support/until.ts"
import { mshSsh } from "./support/ways.ts"

const bucket = "mezite-session-recordings"
const secret = "the quick brown secret"

describe("a hub that keeps recordings in S3", () => {
  let gateway: RadosGateway
  let store: FaultyStore
  let cluster: Cluster
  beforeAll(async () => {
    gateway = await RadosGateway.start()
    await gateway.createBucket(bucket)
    store = await FaultyStore.start(gateway.port)
    cluster = await Cluster.start({
      hub: {
        MEZITE_TLS: "off",
        MEZITE_RECORDING_ENC_KEY: "8f".repeat(32),
        ...gateway.hubVariables(bucket),
        MEZITE_S3_PREFIX: "recordings/",
        MEZITE_S3_ENDPOINT: store.endpoint,
      },
    })
  })
  afterAll(async () => {
    await cluster?.stop()
    store?.stop()
    await gateway?.stop()
  })

  const session = async () => {
    const words = await mshSsh.words(cluster, "web-1", { command: "cat; exit 3" })
    const ended = await runToEnd(words, cluster.userVariables, `${secret}\n`)
    expect({ code: ended.code, stdout: ended.stdout.toString(), stderr: ended.stderr }).toEqual({
      code: 3,
      stdout: `${secret}\n`,
      stderr: "",
    })
    return cluster.lastSession()
  }
  const objects = async (): Promise<ReadonlyArray<readonly [string, Buffer]>> => {
    const { Contents = [] } = await gateway.client.send(new ListObjectsV2Command({ Bucket: bucket }))
    return Promise.all(
      Contents.map(async ({ Key = "" }) => {
        const { Body } = await gateway.client.send(new GetObjectCommand({ Bucket: bucket, Key }))
        return [Key, Buffer.from((await Body?.transformToByteArray()) ?? [])] as const
      }),
    )
  }
  const stored = (id: string) =>
    until("the recording is stored", async () => (await objects()).some(([key]) => key === `recordings/${id}.rec`))
  const http = async (path: string) => {
    const response = await fetch(`http://${cluster.listen}${path}`)
    return `${response.status} ${await response.text()}`
  }
  const ofAgent = (id: string) => join(cluster.agentDirectory("web-1"), `agent/spool/${id}.rec`)

  it("has each there once it is over, to be played and verified from there", async () => {
    const { session_id: id } = await session()
    await stored(id)
    expect(await until("the hub's own file is gone", () => !existsSync(cluster.partial(id)))).toBe(true)
    const played = await cluster.msh("play", "--speed", "1000", id)
    expect({ code: played.code, stdout: played.stdout.toString() }).toEqual({ code: 0, stdout: `${secret}\n` })
    const verified = await cluster.msh("verify", id)
    expect([verified.code, verified.stdout.toString()]).toEqual([
      0,
      expect.stringMatching(/^OK: session \S+ .* is whole/),
    ])
    await until("the agent's copy is gone", () => !existsSync(ofAgent(id)))
  })

  it("lets sessions go on while the store is away, tells what waits, and loses nothing", async () => {
    store.away = true
    const { session_id: id, status } = await session()
    expect(status).toBe("completed")
    await until("the hub knows that the store is away", async () => /is away since/.test(await http("/readyz")))
    expect(await http("/readyz")).toMatch(
      /^200 ready\nthe recording storage is away since \S+Z: .*\n1 recording waits on this hub's disk\n$/,
    )
    expect(await http("/metrics")).toMatch(/\nmezite_recordings_pending 1\n[\s\S]*\nmezite_recording_storage_up 0\n/)
    const pending = await cluster.mezctl("recordings", "ls", "--pending", "--format=json")
    expect(JSON.parse(pending.stdout.toString())).toMatchObject([
      { session_id: id, state: "kept", stored_at: null, trouble: expect.stringContaining("cannot be stored") },
    ])
    const played = await cluster.msh("play", "--speed", "1000", id)
    expect(played.stdout.toString()).toBe(`${secret}\n`)
    expect([existsSync(cluster.partial(id)), existsSync(ofAgent(id))]).toEqual([true, true])
    cluster.hub.kill("SIGKILL")
    await cluster.hub.ended
    await cluster.startHub()
    expect((await objects()).length).toBe(1)
    store.away = false
    await stored(id)
    await until("the agent's copy is gone", () => !existsSync(ofAgent(id)))
    expect(await http("/metrics")).toMatch(/\nmezite_recordings_pending 0\n[\s\S]*\nmezite_recording_storage_up 1\n/)
    expect(readdirSync(join(cluster.hubDirectory, "recordings"), { recursive: true })).toEqual(["partial"])
    expect((await cluster.audit("session.recording.stored")).map((event) => event.session_id)).toContain(id)
    expect((await cluster.msh("verify", id)).code).toBe(0)
  })

  it("says in one line what is wrong with the bucket or its credentials, and does not start", async () => {
    const start = async (variables: Record<string, string>) => {
      const env = { ...cluster.hubVariables, MEZITE_DATA_DIR: join(cluster.directory, "other"), ...variables }
      const { code, stdout, stderr } = await runToEnd([...bundled("mezhub"), "start"], env)
      return [code, stdout.toString(), stderr]
    }
    expect(await start({ MEZITE_S3_BUCKET: "no-such" })).toEqual([
      1,
      "",
      'mezhub: there is no bucket "no-such": make it, or correct MEZITE_S3_BUCKET\n',
    ])
    expect(await start({ MEZITE_S3_SECRET_KEY: "" })).toEqual([
      1,
      "",
      expect.stringMatching(/^mezhub: [^\n]*MEZITE_S3_SECRET_KEY[^\n]*\n$/),
    ])
  })

  it("has nothing in clear, neither in the bucket nor on the hub's disk", async () => {
    const everything = [...filesUnder(cluster.hubDirectory), ...(await objects())]
    expect(everything.filter(([name]) => name.endsWith(".rec")).length).toBe(2)
    expect(everything.filter(([, content]) => content.includes("brown secret")).map(([name]) => name)).toEqual([])
  })
})
