import { readFileSync } from "node:fs"
import { userInfo } from "node:os"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { Cluster } from "./support/Cluster.ts"
import { hasProgram } from "./support/hasProgram.ts"
import { bothKinds, eachKind, type Place, places } from "./support/places.ts"
import { storedRecording } from "./support/StoredRecording.ts"
import { Terminal } from "./support/Terminal.ts"
import { mshSsh, type WayOptions } from "./support/ways.ts"

describe("a terminal on a node", () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start(bothKinds)
  })
  afterAll(() => cluster.stop())

  const open = async ({ way, node }: Place, options: WayOptions = {}): Promise<Terminal> => {
    const words = await way.words(cluster, node, options)
    const terminal = new Terminal(words, cluster.userVariables)
    onTestFinished(() => terminal.close())
    return terminal
  }

  /** What stood on the terminal is what was recorded, what is played, and it is whole. */
  const expectRecorded = async (terminal: Terminal) => {
    const session = await cluster.lastSession()
    const stored = storedRecording(cluster.recording(session.session_id))
    expect(terminal.shownByProgram.toString("latin1")).toBe(stored.output.toString("latin1"))
    const played = await cluster.msh("play", "--speed", "1000", session.session_id)
    expect(played.stdout.equals(stored.output)).toBe(true)
    expect((await cluster.msh("verify", session.session_id)).code).toBe(0)
    return { session, stored }
  }

  describe.each(places)("by $name", (place) => {
    it("is a login shell's: its size follows, keys and ^C arrive, its status is the client's", async () => {
      const terminal = await open(place)
      await terminal.shows(/[#$] $/)
      terminal.type("PS1='[''ready] '; stty size; tty; id -un\r")
      await terminal.shows(/\[ready\] $/)
      expect(terminal.text).toMatch(/\r24 80\r\n\/dev\/pts\/\d+\r\n/)
      expect(terminal.text).toContain(`\r\n${userInfo().username}\r\n`)
      terminal.resize(133, 37)
      // The new size is on its way; the shell is asked until it has it.
      terminal.type("until stty size | grep -x '37 133'; do :; done\r")
      await terminal.shows(/\r37 133\r\n/)
      terminal.type("echo slee''ping; sleep 600\r")
      await terminal.shows(/\rsleeping\r\n/)
      terminal.type("\x03")
      await terminal.shows(/sleeping\r\n\^C[\s\S]*\[ready\] $/)
      terminal.type("exit 7\r")
      expect(await terminal.ended()).toEqual({ status: 7, sane: true })
      const { session, stored } = await expectRecorded(terminal)
      expect(session).toMatchObject({ command: "", exit_code: 7, status: "completed" })
      expect(stored.header.info.terminal).toEqual({ cols: 80, rows: 24, term: "xterm-256color" })
      expect(stored.resizes).toBe(1)
      expect(stored.input.toString()).toContain("sleep 600\r\x03exit 7\r")
    })

    it("carries UTF-8 that is split anywhere, both ways", async () => {
      const text = "Grüße, 世界 🎉 — ну привет"
      // An umlaut comes out of the program byte by byte.
      const command = `stty -echo; echo go; read -r line; echo "<$line>"; printf '\\303'; sleep 0.05; printf '\\274'`
      const terminal = await open(place, { terminal: true, command })
      await terminal.shows(/go\r\n/)
      for (const byte of Buffer.from(`${text}\r`)) terminal.type(Buffer.of(byte))
      await terminal.ended()
      const { stored } = await expectRecorded(terminal)
      expect(stored.output.toString()).toBe(`go\r\n<${text}>\r\nü`)
    })

    it("shows a full-screen program as it is", async (context) => {
      context.skip(!hasProgram("less"), "less is not installed: apt-get install less")
      const terminal = await open(place, { terminal: true, command: "seq 1 500 | less -X" })
      await terminal.shows(/\r\n?22\r?\n[\s\S]*:/)
      terminal.type("G")
      await terminal.shows(/\n500\r?\n[\s\S]*\(END\)/)
      terminal.type("q")
      expect(await terminal.ended()).toEqual({ status: 0, sane: true })
      await expectRecorded(terminal)
    })

    it("shows an editor, and what it edits is written", async (context) => {
      context.skip(!hasProgram("vi"), "vi is not installed: apt-get install vim-tiny")
      // Its line about the file must fit into 80 columns, or it asks for a key.
      const file = `${cluster.directory}/vi${places.indexOf(place)}`
      const terminal = await open(place, { terminal: true, command: `vi -u NONE ${file}` })
      await terminal.shows(/\[New(?: File)?\]/)
      terminal.type("iwritten in vim\x1b:wq\r")
      expect(await terminal.ended()).toEqual({ status: 0, sane: true })
      expect(readFileSync(file, "utf8")).toBe("written in vim\n")
      await expectRecorded(terminal)
    })
  })

  it("is left by ~. at once, with a line and 255", async () => {
    const terminal = await open({ name: "", node: "web-1", way: mshSsh })
    await terminal.shows(/[#$] $/)
    terminal.type("\r~.")
    expect(await terminal.ended()).toEqual({ status: 255, sane: true })
    expect(terminal.text).toMatch(/msh: connection closed\r?\n/)
  })

  it.each(eachKind)("records a password's length and nothing else of it, by $name", async (place) => {
    const command = `stty -echo; printf "Password: "; read -r x; echo; printf %s "$x" | wc -c`
    const terminal = await open(place, { terminal: true, command })
    await terminal.shows(/Password: /)
    terminal.type("hunter2\r")
    await terminal.ended()
    const { stored } = await expectRecorded(terminal)
    expect(stored.output.toString()).toBe("Password: \r\n7\r\n")
    expect(stored.input.includes("hunter2")).toBe(false)
  })
})
