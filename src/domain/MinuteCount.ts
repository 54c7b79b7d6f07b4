const minuteMs = 60_000

/** How often something has happened in one minute of the clock. */
export interface MinuteCount {
  /** Minutes since 1970. */
  readonly minute: number
  readonly count: number
}

/** Nothing has happened yet. */
export const noneInMinute: MinuteCount = { minute: 0, count: 0 }

/** Counts one more at `nowMs` (Unix milliseconds); each minute begins anew. */
export const oneMore = (last: MinuteCount, nowMs: number): MinuteCount => {
  const minute = Math.floor(nowMs / minuteMs)
  return { minute, count: last.minute === minute ? last.count + 1 : 1 }
}

/** Milliseconds until the next minute begins, 1 to 60,000. */
export const untilNextMinute = (nowMs: number): number => minuteMs - (nowMs % minuteMs)
