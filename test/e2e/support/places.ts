import { jump, mshSsh, type Way, ways } from "./ways.ts"

/** A node of `bothKinds`, and a way into it. */
export interface Place {
  /** For the test's name. */
  readonly name: string
  readonly node: string
  readonly way: Way
}

/** What a cluster is started with that has a node of each kind: `web-1` with an agent, `db-1` without. */
export const bothKinds = { nodes: { "web-1": {} }, targets: ["db-1"] } as const

/** How both kinds are reached: what holds of one holds of the other. */
export const places: ReadonlyArray<Place> = [
  ...ways.map((way) => ({ name: `${way.name}, with an agent`, node: "web-1", way })),
  ...[mshSsh, jump].map((way) => ({ name: `${way.name}, without an agent`, node: "db-1", way })),
]

/** Each kind once, by msh. */
export const eachKind = places.filter(({ way }) => way === mshSsh)
