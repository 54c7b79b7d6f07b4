import { describe, expect, it } from "@effect/vitest"
import { Option } from "effect"
import { recogniseTransfer, type TransferShapes } from "../../../src/node/files/recogniseTransfer.ts"
import { SessionKind } from "../../../src/ssh/SessionRequest.ts"

const size = { cols: 80, rows: 24, widthPx: 0, heightPx: 0 }
const terminal = Option.some({ term: "xterm", size, modes: {} })
const shapes: TransferShapes = {
  find: (name) => Option.some(`/system/${name}`),
  word: ({ text, fromHome }) => (fromHome ? `/home/alice${text.slice(1)}` : text),
}

const recognised = (
  kind: SessionKind,
  pty = Option.none<typeof terminal extends Option.Option<infer A> ? A : never>(),
) => Option.getOrUndefined(recogniseTransfer({ kind, pty }, shapes))

const command = (line: string) => recognised(SessionKind.Exec({ command: line }))

describe("a file transfer", () => {
  it("is the subsystem sftp, or its program by its full name, and no other", () => {
    const sftp = { _tag: "Sftp", program: "/system/sftp-server" }
    expect(recognised(SessionKind.Subsystem({ name: "sftp" }))).toEqual(sftp)
    expect(command("/system/sftp-server")).toEqual(sftp)
    expect(recognised(SessionKind.Subsystem({ name: "netconf" }))).toBeUndefined()
    expect(command("sftp-server")).toBeUndefined()
    expect(command("/system/sftp-server -e")).toBeUndefined()
    expect(recognised(SessionKind.Subsystem({ name: "sftp" }), terminal)).toBeUndefined()
    expect(recognised(SessionKind.Shell())).toBeUndefined()
  })

  it("is not what the audit log could not be told in full", () => {
    const paths = (length: number, count: number) => `${"./".repeat(length / 2)} `.repeat(count)
    expect(command(`scp -f ${paths(1000, 6)}`)).toMatchObject({ _tag: "Scp" })
    expect(command(`scp -f ${paths(1000, 7)}`)).toBeUndefined()
    expect(command(`rsync --server --sender -re.L . ${paths(1000, 6)}`)).toMatchObject({ _tag: "Rsync" })
    expect(command(`rsync --server --sender -re.L . ${paths(1000, 7)}`)).toBeUndefined()
    expect(command(`scp -f '${"\\".repeat(2000)}'`)).toBeUndefined()
  })

  it.each([
    ["scp -t /tmp/x", "upload", ["-t", "--", "/tmp/x"], ["/tmp/x"]],
    ["scp -v -r -p -d -t -- -dash", "upload", ["-v", "-r", "-p", "-d", "-t", "--", "-dash"], ["-dash"]],
    ["/system/scp -qrpf ~/a", "download", ["-q", "-r", "-p", "-f", "--", "/home/alice/a"], ["/home/alice/a"]],
    ["scp -f 'a b' c", "download", ["-f", "--", "a b", "c"], ["a b", "c"]],
    ["scp -t ~", "upload", ["-t", "--", "/home/alice"], ["/home/alice"]],
  ])("is %s", (line, direction, words, paths) => {
    expect(command(line)).toEqual({ _tag: "Scp", program: "/system/scp", direction, arguments: words, paths })
  })

  it.each([
    ["rsync --server -vlogDtpre.iLsfxCIvu . d/", "upload", ["d/"]],
    ["rsync --server -e.LsfxCIvu . d", "upload", ["d"]],
    ["rsync --server --sender -logDtprze.iLsfxCIvu . ~/a b\\ c", "download", ["/home/alice/a", "b c"]],
    ["rsync --server -lHogDtpAXre.iLsfxCIvu --delete-excluded --partial-dir .p --numeric-ids . d", "upload", ["d"]],
    [
      String.raw`rsync --server -blogDtprce.iLsfxCIvu --compress-level=3 --log-format=%i --timeout=3 --bwlimit=100 --backup-dir b --suffix=x --compress-choice=zstd --stats --usermap=\*:a --groupmap=\*:b --ignore-existing --temp-dir /t --link-dest ../o --append --mkpath . d`,
      "upload",
      ["d"],
    ],
    [
      "rsync --server -lyogDtprSe.iLsfxCIvu --iconv=latin1 --log-format=X --max-size=1048576 --remove-source-files . d",
      "upload",
      ["d"],
    ],
    ["rsync --server --sender -vlogDtpre.LsfxCIvu --no-inc-recursive . d", "download", ["d"]],
  ])("is %s", (line, direction, paths) => {
    expect(command(line)).toMatchObject({ _tag: "Rsync", program: "/system/rsync", direction, paths })
  })

  it.each([
    ...["scp", "scp -t", "scp -t a b", "scp -t -f a", "scp a b", "scp -S /bin/sh -t a", "scp -t -oProxyCommand=sh a"],
    ...[
      "scp -tS a",
      "scp -t -- a b",
      "scp -t x; bash",
      "scp -t $(bash)",
      "scp -f *.log",
      "/tmp/scp -t a",
      "./scp -t a",
    ],
    ...["env scp -t a", "X=1 scp -t a", "scp -f ~bob/x", "exec scp -t a", "scp -t -rx a"],
    ...["rsync", "rsync --server", "rsync --server -e sh . d"],
    "rsync --server --daemon .",
    "rsync --server --daemon --config=/tmp/evil . .",
    "rsync --server -slogDtpre.iLsfxCIvu",
    "rsync --server - . d",
    "rsync --server -e . d",
    "rsync --server -slogDtpre.iLsfxCIvu . d",
    "rsync --server -logDtpr --rsh=sh . d",
    "rsync --server -logDtpr -e sh . d",
    "rsync --server -logDtpresh . d",
    "rsync --server -logDtpre.iLsfxCIvu -M--daemon . d",
    "rsync --server -logDtpre.iLsfxCIvu --log-file=/tmp/x . d",
    "rsync --server -logDtpre.iLsfxCIvu --files-from=/etc/shadow . d",
    "rsync --server -logDtpre.iLsfxCIvu --filter=merge . d",
    "rsync --server -logDtpre.iLsfxCIvu --exclude-from /x . d",
    "rsync --server -logDtpre.iLsfxCIvu --password-file=/x . d",
    "rsync --server -logDtpre.iLsfxCIvu --copy-as=root . d",
    "rsync --server -logDtpre.iLsfxCIvu --write-batch=x . d",
    "rsync --server -logDtpre.iLsfxCIvu --secluded-args . d",
    "rsync --server -logDtpre.iLsfxCIvu --partial-dir --daemon . d",
    "rsync --server -logDtpre.iLsfxCIvu d",
    "rsync --server -logDtpre.iLsfxCIvu . --daemon",
    "rsync --server -logDtpre.iLsfxCIvu .",
    "rsync -logDtpre.iLsfxCIvu --server . d",
    "rsync -a /x /y",
  ])("is not %s", (line) => {
    expect(command(line)).toBeUndefined()
  })

  it("is none where a terminal is wanted, or the program is not there", () => {
    expect(recognised(SessionKind.Exec({ command: "scp -t x" }), terminal)).toBeUndefined()
    const request = { kind: SessionKind.Exec({ command: "scp -t x" }), pty: Option.none() }
    expect(recogniseTransfer(request, { ...shapes, find: () => Option.none() })).toEqual(Option.none())
  })
})
