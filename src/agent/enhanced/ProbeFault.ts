/** What the probe wrote is none of what it may write: it is not to be believed any more. */
export class ProbeFault extends Error {
  override readonly name = "ProbeFault"
}
