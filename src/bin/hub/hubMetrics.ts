import type { DeliveryState } from "../../auth/recordings/DeliveryState.ts"

interface Metric {
  readonly name: string
  readonly type: "gauge" | "counter"
  readonly help: string
  readonly value: number
}

const shown = ({ name, type, help, value }: Metric) =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${value}`, ""].join("\n")

/** The hub's metrics, in Prometheus' text form. */
export const hubMetrics = (nodesOnline: number, { waiting, away, stored, failures }: DeliveryState): string =>
  (
    [
      {
        name: "mezite_nodes_online",
        type: "gauge",
        help: "Nodes that are connected to this hub.",
        value: nodesOnline,
      },
      {
        name: "mezite_recordings_pending",
        type: "gauge",
        help: "Recordings that are whole, on this hub's disk, and wait to be stored.",
        value: waiting,
      },
      {
        name: "mezite_recordings_stored_total",
        type: "counter",
        help: "Recordings that this hub has put in their place.",
        value: stored,
      },
      {
        name: "mezite_recording_storage_up",
        type: "gauge",
        help: "1 while the recording storage answers, else 0.",
        value: away === null ? 1 : 0,
      },
      {
        name: "mezite_recording_storage_failures_total",
        type: "counter",
        help: "Attempts to store a recording that failed.",
        value: failures,
      },
      {
        name: "process_resident_memory_bytes",
        type: "gauge",
        help: "Resident memory of this process.",
        value: process.memoryUsage.rss(),
      },
    ] as const satisfies ReadonlyArray<Metric>
  )
    .map(shown)
    .join("")
