import { Either } from "effect"
import { WrongUsage } from "../../WrongUsage.ts"

/** `-L` and `-R`: where to listen, and where connections go from the other side. */
export interface ForwardSpec {
  /** Empty where none was written. */
  readonly listenHost: string
  readonly listenPort: number
  readonly host: string
  readonly port: number
}

/** A name, an IPv4 address, or an IPv6 address in brackets. */
const host = String.raw`\[[0-9A-Fa-f:.%\w]+\]|[^:[\]\s]+`
const form = new RegExp(String.raw`^(?:(${host}|):)?(\d{1,5}):(${host}):(\d{1,5})$`)

const plain = (text: string): string => text.replace(/^\[|\]$/g, "")

/** Reads `[BIND_ADDRESS:]PORT:HOST:HOSTPORT`, as ssh(1) takes it; port 0 (any) is for `-R` alone. */
export const forwardSpec = (option: "-L" | "-R", text: string): Either.Either<ForwardSpec, WrongUsage> => {
  const [, listenHost = "", listenPort = "", target = "", port = ""] = form.exec(text) ?? []
  const spec = {
    listenHost: plain(listenHost),
    listenPort: Number(listenPort),
    host: plain(target),
    port: Number(port),
  }
  const least = option === "-R" ? 0 : 1
  const isGood =
    target !== "" && spec.port > 0 && spec.port < 65_536 && spec.listenPort >= least && spec.listenPort < 65_536
  return isGood
    ? Either.right(spec)
    : Either.left(new WrongUsage({ message: `${option} ${text}: write ${option} [ADDRESS:]PORT:HOST:HOSTPORT` }))
}
