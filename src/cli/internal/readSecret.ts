import { StringDecoder } from "node:string_decoder"
import { Effect } from "effect"

/** What typing a line without echo came to. */
export type TypedSecret = { readonly _tag: "Line"; readonly text: string } | { readonly _tag: "Interrupted" }

const longest = 1024

/**
 * Asks for one line and reads it from a terminal with echo off, which it is before anything is asked: backspace, ^U, ^C and ^D work.
 * The terminal is as before afterwards; what came with the line and stands behind it, as of two lines that were pasted, is for who
 * reads next.
 */
export const readSecret = (stdin: NodeJS.ReadStream, ask: () => void): Effect.Effect<TypedSecret> =>
  Effect.async((resume) => {
    const decoder = new StringDecoder("utf8")
    let text = ""
    const finish = (typed: TypedSecret) => {
      cleanup()
      resume(Effect.succeed(typed))
    }
    const cleanup = () => {
      stdin.off("data", heard)
      stdin.off("end", ended)
      stdin.setRawMode(false)
      stdin.pause()
    }
    const ended = () => finish({ _tag: "Interrupted" })
    const heard = (chunk: Buffer) => {
      const typed = decoder.write(chunk)
      let at = 0
      for (const char of typed) {
        at += char.length
        if (char === "\r" || char === "\n") {
          finish({ _tag: "Line", text })
          if (at < typed.length) stdin.unshift(Buffer.from(typed.slice(at)))
          return
        }
        if (char === "\x03" || (char === "\x04" && text === "")) return finish({ _tag: "Interrupted" })
        if (char === "\x7f" || char === "\b") text = [...text].slice(0, -1).join("")
        else if (char === "\x15") text = ""
        else if (char >= " " && text.length < longest) text += char
      }
    }
    stdin.setRawMode(true)
    stdin.on("data", heard)
    stdin.on("end", ended)
    stdin.resume()
    ask()
    return Effect.sync(cleanup)
  })
