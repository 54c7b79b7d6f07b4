import { type ChildProcess, execFile, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3"
import { freePort } from "./freePort.ts"

const run = promisify(execFile)

const entities: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ["mon.", ["--cap", "mon", "allow *"]],
  ["client.admin", ["--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *"]],
  ["client.rgw", ["--cap", "mon", "allow *", "--cap", "osd", "allow *"]],
  ["osd.0", ["--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"]],
]

/** What keeps a cluster of one of each from waiting for more, and objects in memory. */
const configuration = (folder: string, monitor: number, gateway: number): string =>
  Object.entries({
    mon_host: `[v2:127.0.0.1:${monitor}/0]`,
    public_addr: "127.0.0.1",
    keyring: `${folder}/keyring`,
    run_dir: folder,
    admin_socket: "",
    log_file: `${folder}/$name.log`,
    log_to_stderr: false,
    mon_data: `${folder}/mon`,
    osd_data: `${folder}/osd`,
    osd_objectstore: "memstore",
    memstore_device_bytes: 8 * 1024 ** 3,
    osd_pool_default_size: 1,
    osd_pool_default_min_size: 1,
    osd_pool_default_pg_num: 1,
    osd_pool_default_pgp_num: 1,
    osd_pool_default_pg_autoscale_mode: "off",
    osd_crush_chooseleaf_type: 0,
    mon_allow_pool_size_one: true,
    mon_data_avail_crit: 0,
    mon_data_avail_warn: 0,
    paxos_propose_interval: 0.02,
    paxos_min_wait: 0.01,
    ms_bind_msgr1: false,
    rgw_frontends: `beast endpoint=127.0.0.1:${gateway}`,
    rgw_data: `${folder}/rgw`,
    // So that tests of parts need not be large.
    rgw_multipart_min_part_size: 65_536,
  }).reduce((text, [key, value]) => `${text}${key} = ${value}\n`, "[global]\n")

/** A real S3 store: Ceph's gateway, with a monitor and an OSD whose objects are in memory, on ephemeral ports. */
export class RadosGateway {
  readonly accessKey = "AKIAIOSFODNN7EXAMPLE"
  readonly secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
  readonly port: number
  readonly #folder: string
  readonly #programs: ReadonlyArray<ChildProcess>

  private constructor(folder: string, port: number, programs: ReadonlyArray<ChildProcess>) {
    this.#folder = folder
    this.port = port
    this.#programs = programs
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The variables of a hub that keeps its recordings in a bucket here. */
  hubVariables(bucket: string): Readonly<Record<string, string>> {
    return {
      MEZITE_RECORDING_BACKEND: "s3",
      MEZITE_S3_BUCKET: bucket,
      MEZITE_S3_REGION: "us-east-1",
      MEZITE_S3_ACCESS_KEY: this.accessKey,
      MEZITE_S3_SECRET_KEY: this.secretKey,
      MEZITE_S3_FORCE_PATH_STYLE: "true",
      MEZITE_S3_ENDPOINT: this.endpoint,
    }
  }

  static async start(): Promise<RadosGateway> {
    const folder = mkdtempSync(join(tmpdir(), "mezite-rgw-"))
    const [monitor, port] = [await freePort(), await freePort()]
    const programs: Array<ChildProcess> = []
    const gateway = new RadosGateway(folder, port, programs)
    try {
      await gateway.#startAll(programs, monitor)
      return gateway
    } catch (error) {
      await gateway.stop()
      throw error
    }
  }

  async #startAll(programs: Array<ChildProcess>, monitor: number): Promise<void> {
    const folder = this.#folder
    const [cluster, osd] = [randomUUID(), randomUUID()]
    const conf = ["-c", join(folder, "ceph.conf")]
    writeFileSync(join(folder, "ceph.conf"), `${configuration(folder, monitor, this.port)}fsid = ${cluster}\n`)
    for (const name of ["mon", "osd", "rgw"]) mkdirSync(join(folder, name))
    const start = (program: string, ...words: ReadonlyArray<string>) =>
      programs.push(spawn(program, [...conf, ...words, "-f"], { stdio: "ignore" }))
    const keyring = join(folder, "keyring")
    for (const [index, [name, caps]] of entities.entries()) {
      const creating = index === 0 ? ["--create-keyring"] : []
      await run("ceph-authtool", [keyring, ...creating, "--gen-key", "-n", name, ...caps])
    }
    const monmap = join(folder, "monmap")
    const address = `[v2:127.0.0.1:${monitor}/0]`
    await run("monmaptool", [...conf, "--create", "--fsid", cluster, "--addv", "a", address, monmap])
    await run("ceph-mon", [...conf, "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring])
    start("ceph-mon", "-i", "a")
    await run("ceph", [...conf, "osd", "new", osd])
    await run("ceph-osd", [...conf, "-i", "0", "--mkfs", "--osd-uuid", osd])
    start("ceph-osd", "-i", "0")
    start("radosgw", "-n", "client.rgw")
    await this.addUser("mezite", this.accessKey, this.secretKey)
  }

  /** Adds somebody, who has no right to anybody else's buckets. */
  async addUser(name: string, accessKey: string, secretKey: string): Promise<void> {
    const keys = [`--access-key=${accessKey}`, `--secret-key=${secretKey}`]
    const conf = ["-c", join(this.#folder, "ceph.conf")]
    await run("radosgw-admin", [...conf, "user", "create", `--uid=${name}`, `--display-name=${name}`, ...keys])
  }

  /** A client of its own, for tests that look into buckets. */
  get client(): S3Client {
    return new S3Client({
      endpoint: this.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      maxAttempts: 10,
      credentials: { accessKeyId: this.accessKey, secretAccessKey: this.secretKey },
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    })
  }

  /** Makes a bucket; waits for the gateway to serve. */
  async createBucket(name: string): Promise<void> {
    await this.client.send(new CreateBucketCommand({ Bucket: name }))
  }

  async stop(): Promise<void> {
    const ended = this.#programs.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    const ends = ended.map((program) => once(program, "exit"))
    for (const program of ended) program.kill("SIGKILL")
    await Promise.all(ends)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
