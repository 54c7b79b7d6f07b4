/** How the hub's recordings get to where they are kept. */
export interface DeliveryState {
  /** Recordings that are whole, on this hub's own disk, and not stored. */
  readonly waiting: number
  /** Why the storage is out of reach, and since when (Unix milliseconds); null while it answers. */
  readonly away: { readonly sinceMs: number; readonly trouble: string } | null
  /** Since the hub's start. */
  readonly stored: number
  readonly failures: number
}

export const atRest: DeliveryState = { waiting: 0, away: null, stored: 0, failures: 0 }

/** What there is to say about it to people, a line each. */
export const describeDelivery = ({ waiting, away }: DeliveryState): ReadonlyArray<string> => [
  ...(away === null
    ? []
    : [`the recording storage is away since ${new Date(away.sinceMs).toISOString()}: ${away.trouble}`]),
  ...(waiting === 0 ? [] : [`${waiting} ${waiting === 1 ? "recording waits" : "recordings wait"} on this hub's disk`]),
]
