// Records a command on a terminal of this machine, and replays it twice as fast:  node record.js [COMMAND [FILE]]
import { Effect } from "effect"
import { recordCommand, replay } from "mezite"

const [, , command = "for n in 3 2 1; do echo $n; sleep 0.5; done; tty", file = "session.rec"] = process.argv

const program = Effect.gen(function* () {
  const { frames, durationMs } = yield* recordCommand({ command, file })
  console.error(`${file}: ${frames} frames in ${durationMs} ms; the same at 2x:`)
  yield* replay({ file, speed: 2 })
})

await Effect.runPromise(program)
