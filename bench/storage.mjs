// Measures the hub's memory while one large session is recorded, stored in S3 and read back: a real hub and agent, and Ceph's S3
// gateway. Needs root and the Debian packages that the tests of S3 need (radosgw, ceph-mon, ceph-osd, ceph-common).
//   node bench/storage.mjs [MiB, 2048 if not given]
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath, pathToFileURL } from "node:url"
import { HeadObjectCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3"
import { bundle } from "../scripts/bundle.mjs"

const mebibytes = Number(process.argv[2] ?? 2048)
const warmUpMebibytes = 64
const bucket = "mezite-bench"
const key = (id) => `recordings/${id}.rec`

process.chdir(fileURLToPath(new URL("..", import.meta.url)))
// Beside the packages that stay outside of bundles.
const directory = mkdtempSync(join(resolve("node_modules"), ".bench-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))
await bundle(["test/e2e/support/build.ts", "test/e2e/support/Cluster.ts", "test/support/RadosGateway.ts"], directory)
const load = (path) => import(pathToFileURL(join(directory, path)).href)
const { default: build } = await load("e2e/support/build.js")
const { Cluster } = await load("e2e/support/Cluster.js")
const { RadosGateway } = await load("support/RadosGateway.js")
build()

const gateway = await RadosGateway.start()
let cluster
try {
  await gateway.createBucket(bucket)
  cluster = await Cluster.start({
    hub: {
      MEZITE_RECORDING_ENC_KEY: "8f".repeat(32),
      ...gateway.hubVariables(bucket),
      MEZITE_S3_PREFIX: "recordings/",
    },
  })
  await measure()
} finally {
  await cluster?.stop()
  await gateway.stop()
}

/** Runs `msh`, and drops what it prints. */
async function msh(...words) {
  const child = spawn(process.execPath, [resolve("dist/bin/msh.js"), ...words], {
    env: cluster.userVariables,
    stdio: ["ignore", "ignore", "inherit"],
  })
  const code = await new Promise((done) => child.on("close", done))
  if (code !== 0) throw new Error(`msh ${words[0]} ended with ${code}`)
}

/** What one session prints can't be compressed. */
function record(size) {
  return msh("ssh", "web-1", `head -c ${size * 1024 ** 2} /dev/urandom`)
}

async function stored(id) {
  for (;;) {
    const head = await gateway.client
      .send(new HeadObjectCommand({ Bucket: bucket, Key: key(id) }))
      .catch((error) => (error.$metadata?.httpStatusCode === 404 ? undefined : Promise.reject(error)))
    if (head !== undefined) return head.ContentLength
    await sleep(200)
  }
}

/** The hub's resident memory in MiB: now, or the most (VmHWM) since it was last asked to begin anew. */
function memory(field) {
  const status = readFileSync(`/proc/${cluster.hub.pid}/status`, "utf8")
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024
}

async function phase(name, before, work) {
  // proc(5): resets the peak of the resident set size.
  writeFileSync(`/proc/${cluster.hub.pid}/clear_refs`, "5")
  const began = performance.now()
  const result = await work()
  row(name, memory("VmHWM"), before, `${((performance.now() - began) / 1000).toFixed(0)} s`)
  return result
}

function row(name, mib, before, time = "") {
  const growth = before === undefined ? "" : `${mib >= before ? "+" : ""}${(mib - before).toFixed(0)}`
  console.log(`${name.padEnd(34)} ${mib.toFixed(0).padStart(6)} ${growth.padStart(7)} ${time.padStart(8)}`)
}

async function measure() {
  console.log(`${"the hub".padEnd(34)} ${"MiB".padStart(6)} ${"growth".padStart(7)} ${"took".padStart(8)}`)
  row("just started", memory("VmRSS"))
  await record(warmUpMebibytes)
  await stored((await cluster.lastSession()).session_id)
  const before = memory("VmRSS")
  row(`after a session of ${warmUpMebibytes} MiB`, before)
  await phase(`records ${mebibytes} MiB, the peak`, before, () => record(mebibytes))
  const { session_id: id } = await cluster.lastSession()
  const bytes = await phase("stores it, the peak", before, () => stored(id))
  await phase("gives it to msh verify, the peak", before, () => msh("verify", id))
  const { Uploads = [] } = await gateway.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  console.log(`the object has ${bytes} bytes; uploads that are left over: ${Uploads.length}`)
}
