/** A terminal's size in characters, and in pixels where the client told (else 0). */
export interface WindowSize {
  readonly cols: number
  readonly rows: number
  readonly widthPx: number
  readonly heightPx: number
}
