import { Array as Arr, Either } from "effect"
import { type HubAddress, parseHubAddress, showHubAddress } from "../../api/HubAddress.ts"
import type { ClusterHubs } from "../../api/transport/TunnelMessages.ts"

/**
 * The hubs that an agent knows of: by the addresses that it was given, and by what hubs say of each other. A hub may be reached by
 * several addresses, as through a load balancer; a node has one connection to each hub.
 */
export class KnownHubs {
  /** The addresses that it was given. */
  readonly given: Arr.NonEmptyReadonlyArray<HubAddress>
  #told: ReadonlyMap<string, { readonly id: string; readonly hub: HubAddress }> = new Map()
  /** Which hub answers at an address, where it said so. */
  readonly #ids = new Map<string, string>()
  readonly #connected = new Set<string>()

  constructor(given: Arr.NonEmptyReadonlyArray<HubAddress>) {
    this.given = given
  }

  /** A hub said this on the connection to that address. */
  told(way: string, { self, hubs }: ClusterHubs): void {
    this.#ids.set(way, self)
    this.#told = new Map(
      hubs.flatMap(({ id, address }) =>
        Either.match(parseHubAddress(address), {
          onLeft: () => [],
          onRight: (hub) => [[showHubAddress(hub), { id, hub }] as const],
        }),
      ),
    )
  }

  connected(way: string): void {
    this.#connected.add(way)
  }

  disconnected(way: string): void {
    this.#connected.delete(way)
    this.#ids.delete(way)
  }

  /** Hubs that it was told of, and has no connection to. */
  get missing(): ReadonlyArray<HubAddress> {
    return [...this.#told.values()].filter(({ id }) => !this.#isConnectedTo(id)).map(({ hub }) => hub)
  }

  /** Whether a connection to that address is wanted: those that nobody tells of are the way in where there is no other. */
  isWanted(way: string): boolean {
    const told = this.#told.get(way)
    return told === undefined ? this.#connected.size === 0 : !this.#isConnectedTo(told.id)
  }

  /** All of them, those first that it is connected to. */
  get inOrder(): Arr.NonEmptyReadonlyArray<HubAddress> {
    const all = new Map(
      [...this.given, ...[...this.#told.values()].map(({ hub }) => hub)].map((hub) => [showHubAddress(hub), hub]),
    )
    const [connected, others] = Arr.partition([...all], ([way]) => !this.#connected.has(way))
    const ordered = [...connected, ...others].map(([, hub]) => hub)
    return Arr.isNonEmptyReadonlyArray(ordered) ? ordered : this.given
  }

  #isConnectedTo(id: string): boolean {
    return [...this.#connected].some((way) => this.#ids.get(way) === id)
  }
}
