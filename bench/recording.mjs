// Measures the recording format: frames of 32 KiB of terminal-like output, encoded, hashed and sealed; then read back.
// Run: node bench/recording.mjs [MB]

import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { build } from "esbuild"

const megabytes = Number(process.argv[2] ?? 128)
const folder = await mkdtemp(join(tmpdir(), "mezite-bench-"))
const outfile = join(folder, "recording.mjs")
await build({ entryPoints: ["src/recording/index.ts"], bundle: true, platform: "node", format: "esm", outfile })
const {
  compressFrame,
  encodeFrameEntry,
  MasterKey,
  KeyRing,
  RecordingReader,
  RecordingVerifier,
  RecordingWriter,
  SigningKey,
} = await import(pathToFileURL(outfile).href)

const FRAME_BYTES = 32 * 1024
const lines = Array.from({ length: 4096 }, (_, index) => {
  const noise = (index * 2654435761) >>> 0
  return `\u001b[3${index % 8}m-rw-r--r-- 1 root root ${noise % 1e6} Jan ${(noise % 28) + 1} file-${noise.toString(36)}\u001b[0m\r\n`
}).join("")
const payload = Buffer.from(lines).subarray(0, FRAME_BYTES)
const count = Math.ceil((megabytes * 1024 * 1024) / FRAME_BYTES)
const signer = SigningKey.generate()
const key = MasterKey.fromHex("ab".repeat(32)).right
const info = {
  sessionId: "6f1f7d3e-0c55-4b0e-9d62-8f7a5f6f2a10",
  cluster: "c",
  user: "u",
  login: "l",
  node: "n",
  remoteAddress: "r",
  startedAtMs: 0,
  command: "",
  mode: "node",
  modeSource: "default",
  programVersion: "0",
  userCertificate: new Uint8Array(0),
}

const measure = (name, work) => {
  const began = process.hrtime.bigint()
  const cpu = process.cpuUsage()
  work()
  const seconds = Number(process.hrtime.bigint() - began) / 1e9
  const { user, system } = process.cpuUsage(cpu)
  console.log(
    `${name.padEnd(28)} ${(megabytes / seconds).toFixed(0).padStart(6)} MB/s  ${((user + system) / 1e6).toFixed(2)} CPU s`,
  )
}

// What a node does for its spool, and the hub when it is brought: frames of 32 KiB, and keystrokes.
for (const [name, size] of [
  ["32 KiB", FRAME_BYTES],
  ["40 bytes", 40],
]) {
  const frames = size === 40 ? 100_000 : count
  const { cipher } = key.recipientKey.address(info.sessionId)
  const clear = { timeMs: 1, kind: 1, payload: payload.subarray(0, size), masked: false, size, compressed: false }
  const kept = []
  const each = (what, work) => {
    for (let seq = 1; seq <= frames / 10; seq++) work(seq)
    const cpu = process.cpuUsage()
    for (let seq = 1; seq <= frames; seq++) work(seq)
    const { user, system } = process.cpuUsage(cpu)
    console.log(`${`${what} ${name}`.padEnd(28)} ${((user + system) / frames).toFixed(1).padStart(6)} CPU us each`)
  }
  each("spool plain", (seq) => encodeFrameEntry({ ...clear, seq }))
  each("spool encrypted", (seq) => {
    const sealed = cipher.encrypt({ ...clear, seq })
    encodeFrameEntry(sealed)
    kept[seq - 1] = sealed
  })
  each("spool decrypted", (seq) => cipher.decrypt(kept[seq - 1], 0))
}

for (const [name, compress, encrypted] of [
  ["plain", false, false],
  ["compressed", true, false],
  ["encrypted", false, true],
  ["compressed, encrypted", true, true],
]) {
  const chunks = []
  measure(`write ${name}`, () => {
    const writer = RecordingWriter.begin({ info, signer, ...(encrypted ? { key } : {}) })
    for (let seq = 1; seq <= count; seq++) {
      const frame = { seq, timeMs: seq, kind: 1, payload, masked: false, size: payload.length, compressed: false }
      writer.append(compress ? compressFrame(frame) : frame, seq)
      chunks.push(...writer.take())
    }
    writer.finish({ durationMs: count, status: "completed", reason: "" })
    chunks.push(...writer.take())
  })
  measure(`read ${name}`, () => {
    const reader = new RecordingReader({ keys: new KeyRing(key), publicKeys: [signer.publicKey] })
    for (const chunk of chunks) {
      reader.push(chunk)
      while (reader.next() !== undefined);
    }
    reader.end()
  })
  measure(`verify ${name}`, () => {
    const verifier = new RecordingVerifier([signer.publicKey])
    for (const chunk of chunks) verifier.push(chunk)
    if (verifier.end()._tag !== "Whole") throw new Error("the recording does not verify")
  })
}
await rm(folder, { recursive: true })
