// Starts what is measured: plain sshd behind an sshd jump host, two bare SSH processes in Node, and a hub with
// two agents and a node without one.
// BENCH_NODE_OPTIONS is given to their Node, for example --cpu-prof.
import { execFileSync, spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const bin = (name) => fileURLToPath(new URL(`../dist/bin/${name}.js`, import.meta.url))
export const directory = mkdtempSync(join(tmpdir(), "mezite-bench-"))
const children = []
const ssh = ["-o", "KexAlgorithms=curve25519-sha256", "-o", "Ciphers=aes128-gcm@openssh.com", "-o", "LogLevel=ERROR"]

const cleanUp = () => {
  for (const child of children) child.kill("SIGKILL")
  rmSync(directory, { recursive: true, force: true })
}
process.on("exit", cleanUp)
process.on("SIGINT", () => process.exit(130))

const start = (name, args, env, ready) =>
  new Promise((resolve, reject) => {
    const options = process.env.BENCH_NODE_OPTIONS?.split(" ") ?? []
    const child = spawn(process.execPath, [...options, bin(name), ...args], { env: { ...process.env, ...env } })
    children.push(child)
    let out = ""
    child.stdout.on("data", (data) => {
      out += data
      const line = out.split("\n").find((text) => text.startsWith(ready))
      if (line !== undefined) resolve({ child, line })
    })
    child.stderr.on("data", (data) => {
      if (process.env.BENCH_LOG) process.stderr.write(data)
    })
    child.on("exit", (code) => reject(new Error(`${name} ended with ${code}`)))
  })

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const sshd = async (name, more = []) => {
  const at = join(directory, name)
  mkdirSync(at, { mode: 0o700 })
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(at, "host")])
  const port = await freePort()
  writeFileSync(
    join(at, "config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${join(at, "host")}`,
      `AuthorizedKeysFile ${join(directory, "id.pub")}`,
      `PidFile ${join(at, "pid")}`,
      "UsePAM no",
      "StrictModes no",
      "PermitRootLogin yes",
      "MaxStartups 1000",
      "MaxSessions 1000",
      "Subsystem sftp /usr/lib/openssh/sftp-server",
      ...more,
    ].join("\n"),
  )
  mkdirSync("/run/sshd", { recursive: true })
  const child = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(at, "config")], { stdio: "ignore" })
  children.push(child)
  return { port, child }
}

/** One of the two processes of `bare`; resolves with its port and process. */
const bare = (role) =>
  new Promise((resolve, reject) => {
    const program = fileURLToPath(new URL("bare.mjs", import.meta.url))
    const child = spawn(process.execPath, [program, role, join(directory, "target", "host")], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    children.push(child)
    child.stdout.once("data", (port) => resolve({ port: Number(port), child }))
    child.on("exit", (code) => reject(new Error(`bare ${role} ended with ${code}`)))
  })

const mezctl = (env, ...args) =>
  execFileSync(process.execPath, [bin("mezctl"), ...args], { env: { ...process.env, ...env } })
    .toString()
    .trim()

export const setUp = async () => {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "id")])
  const [jump, target] = [await sshd("jump"), await sshd("target")]
  const bareServers = { jump: await bare("jump"), target: await bare("target") }
  const hubEnv = {
    MEZITE_DATA_DIR: join(directory, "hub"),
    MEZITE_LISTEN: "127.0.0.1:0",
    MEZITE_SSH_LISTEN: "127.0.0.1:0",
  }
  const hub = await start("mezhub", ["start"], hubEnv, "mezhub ready")
  const told = Object.fromEntries(
    hub.line
      .split(" ")
      .slice(2)
      .map((pair) => pair.split(/=(.*)/s)),
  )
  /** Starts the agent of a node, which joins the first time. */
  const startAgent = async (name, variables) => {
    const env = {
      MEZITE_DATA_DIR: join(directory, name),
      MEZITE_NODE_NAME: name,
      MEZITE_HUB: told.listen,
      MEZITE_CA_PIN: told.ca_pin,
      ...variables,
    }
    if (!existsSync(env.MEZITE_DATA_DIR))
      env.MEZITE_JOIN_TOKEN = mezctl(hubEnv, "tokens", "add", "--type", "node", "--ttl", "1h")
    return (await start("mezd", ["start"], env, "mezd ready")).child
  }
  const agents = {
    sync: await startAgent("sync", { MEZITE_RECORDING_MODE: "node-sync" }),
    off: await startAgent("off", { MEZITE_RECORDING_MODE: "off" }),
  }
  const userCa = join(directory, "user_ca.pub")
  writeFileSync(userCa, `${mezctl(hubEnv, "ca", "export", "--type", "user")}\n`)
  const machine = await sshd("machine", [`TrustedUserCAKeys ${userCa}`])
  const address = `127.0.0.1:${machine.port}`
  const hostKey = readFileSync(join(directory, "machine", "host.pub"), "utf8")
  mezctl(hubEnv, "nodes", "add", "--openssh", "agentless", "--addr", address, "--logins", "root", "--host-key", hostKey)
  mezctl(hubEnv, "users", "add", "bench", "--roles", "user", "--logins", "root")
  const identity = join(directory, "identity.json")
  mezctl(hubEnv, "auth", "sign", "--user", "bench", "--ttl", "2h", "--out", identity)
  const userEnv = { MEZITE_IDENTITY: identity, MEZITE_HOME: join(directory, "home") }
  const config = execFileSync(process.execPath, [bin("msh"), "config"], { env: { ...process.env, ...userEnv } })
  writeFileSync(join(directory, "ssh_config"), config)
  Object.assign(process.env, userEnv)
  return { jump, target, bareServers, hub: hub.child, agents, startAgent, doorPort: Number(told.ssh.split(":").at(-1)) }
}

export const contendersOf = (setup) => {
  const plain = [
    ...ssh,
    "-i",
    join(directory, "id"),
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-F",
    "none",
  ]
  const through = ({ jump, target }) => {
    const proxy = ["ssh", ...plain, "-W", "%h:%p", "-p", `${jump.port}`, "127.0.0.1"].join(" ")
    return {
      command: ["ssh", ...plain, "-o", `ProxyCommand=${proxy}`, "-p", `${target.port}`, "root@127.0.0.1"],
      server: target.child,
    }
  }
  const config = join(directory, "ssh_config")
  return {
    sshd: through(setup),
    // node-pty forgets what the kernel holds when the program ends.
    bare: { ...through(setup.bareServers), mayLose: 256 * 1024 },
    "off-proxy": { command: ["ssh", ...ssh, "-F", config, "root@off.mezite"], server: setup.agents.off },
    "sync-proxy": { command: ["ssh", ...ssh, "-F", config, "root@sync.mezite"], server: setup.agents.sync },
    "agentless-proxy": { command: ["ssh", ...ssh, "-F", config, "root@agentless.mezite"], server: setup.hub },
    "agentless-jump": {
      command: ["ssh", ...ssh, "-F", config, "-J", `bench@127.0.0.1:${setup.doorPort}`, "root@agentless.mezite"],
      server: setup.hub,
    },
    "off-jump": {
      command: ["ssh", ...ssh, "-F", config, "-J", `bench@127.0.0.1:${setup.doorPort}`, "root@off.mezite"],
      server: setup.agents.off,
    },
    "sync-jump": {
      command: ["ssh", ...ssh, "-F", config, "-J", `bench@127.0.0.1:${setup.doorPort}`, "root@sync.mezite"],
      server: setup.agents.sync,
    },
  }
}
