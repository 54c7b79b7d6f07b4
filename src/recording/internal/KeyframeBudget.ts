import type { Keyframe } from "../End.ts"
import { Limits } from "../Limits.ts"

/** What a keyframe takes beside its screen, and what the End's other fields may take, generously. */
const KEYFRAME_OVERHEAD = 96
const END_OVERHEAD = 256 * 1024

const sizeOf = (keyframes: ReadonlyArray<Keyframe>): number =>
  keyframes.reduce((bytes, { screen }) => bytes + screen.length + KEYFRAME_OVERHEAD, 0)

/** As many keyframes, evenly spread, as an End may hold: every other one goes until they fit. */
export const thinKeyframes = (keyframes: ReadonlyArray<Keyframe>): ReadonlyArray<Keyframe> => {
  let kept = keyframes
  while (kept.length > Limits.fields / 2 || sizeOf(kept) > Limits.end - END_OVERHEAD) {
    kept = kept.filter((_, index) => index % 2 === 1)
  }
  return kept
}
