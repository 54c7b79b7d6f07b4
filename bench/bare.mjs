// The least that SSH takes in this language: ssh2 and node-pty as they come, with neither tunnel, TLS, checks nor recording.
// `bench/ssh.mjs` drives it as the contender `bare`, to tell what Mezite adds from what Node costs.
//   node bench/bare.mjs target|jump HOST_KEY        prints the port that it listens on, on loopback
import { readFileSync } from "node:fs"
import { connect } from "node:net"
import * as pty from "node-pty"
import ssh2 from "ssh2"

const [role, hostKey] = process.argv.slice(2)

const runOnPty = (accept) => {
  const session = accept()
  session.on("pty", (yes) => yes?.())
  session.on("exec", (yes, _no, { command }) => {
    const channel = yes()
    const terminal = pty.spawn("/bin/sh", ["-c", command], { cols: 80, rows: 24, encoding: null })
    channel.on("data", (data) => terminal.write(data))
    channel.on("drain", () => terminal.resume())
    terminal.onData((data) => {
      if (!channel.write(data)) terminal.pause()
    })
    terminal.onExit(({ exitCode }) => {
      channel.exit(exitCode)
      channel.end()
    })
  })
}

const forward = (accept, _reject, { destIP, destPort }) => {
  const channel = accept()
  const socket = connect(destPort, destIP).setNoDelay(true)
  channel.pipe(socket).pipe(channel)
  for (const end of [channel, socket]) end.on("error", () => socket.destroy())
}

const server = new ssh2.Server({ hostKeys: [readFileSync(hostKey)] }, (client) => {
  client.on("authentication", (attempt) => attempt.accept())
  client.on("error", () => {})
  client.on("session", role === "target" ? runOnPty : (_accept, reject) => reject())
  if (role === "jump") client.on("tcpip", forward)
})
server.listen(0, "127.0.0.1", () => console.log(server.address().port))
