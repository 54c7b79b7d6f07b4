import type { Keyframe } from "./End.ts"
import type { WireFrame } from "./WireFrame.ts"

/** Gives the payloads of one recording in clear. Offsets are those of the entry in the file. */
export interface PayloadDecryption {
  /** The frame with its payload in clear, still compressed if it was; throws `Tampered`. */
  readonly decrypt: (frame: WireFrame, offset: number) => WireFrame
  /** The keyframe with its screen in clear; throws `Tampered`. */
  readonly decryptKeyframe: (keyframe: Keyframe, offset: number) => Keyframe
}
