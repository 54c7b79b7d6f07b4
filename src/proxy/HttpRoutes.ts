import type { IncomingMessage, ServerResponse } from "node:http"
import { Effect, FiberSet } from "effect"

export interface HttpRoutesOptions {
  /** Lines about what waits while the hub serves; fails with one that says why it cannot serve now. */
  readonly ready: Effect.Effect<ReadonlyArray<string>, string>
  /** The metrics in Prometheus' text form. */
  readonly metrics: Effect.Effect<string>
  /** Everything else: the web page. */
  readonly fallback?: (request: IncomingMessage, response: ServerResponse) => void
}

const answer = (response: ServerResponse, status: number, type: string, body: string): void => {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  })
  response.end(body)
}

const text = "text/plain; charset=utf-8"
const openMetrics = "text/plain; version=0.0.4; charset=utf-8"

const notFound = (_request: IncomingMessage, response: ServerResponse): void =>
  answer(response, 404, "application/json", JSON.stringify({ message: "there is nothing here" }))

/**
 * Answers `/healthz` (the process lives), `/readyz` (it can serve: 200, else 503 and why; then lines about what waits) and `/metrics`; a check that
 * takes more than 5 s counts as failed.
 */
export const makeHttpRoutes = Effect.fn("Listener.makeHttpRoutes")(function* (options: HttpRoutesOptions) {
  const runFork = yield* FiberSet.makeRuntime<never>()
  const fallback = options.fallback ?? notFound

  const ready = (response: ServerResponse) =>
    options.ready.pipe(
      Effect.timeoutFail({ duration: "5 seconds", onTimeout: () => "the check took more than 5 s" }),
      Effect.match({
        onSuccess: (notes) => answer(response, 200, text, ["ready", ...notes, ""].join("\n")),
        onFailure: (reason) => answer(response, 503, text, `not ready: ${reason}\n`),
      }),
    )
  const metrics = (response: ServerResponse) =>
    Effect.map(options.metrics, (body) => answer(response, 200, openMetrics, body))

  const run = (response: ServerResponse, effect: Effect.Effect<void>) =>
    runFork(
      Effect.catchAllCause(effect, (cause) =>
        Effect.zipRight(
          Effect.logError("a request's handler died", cause),
          Effect.sync(() => (response.headersSent ? response.destroy() : answer(response, 500, text, "failed\n"))),
        ),
      ),
    )

  return (request: IncomingMessage, response: ServerResponse): void => {
    response.on("error", () => response.destroy())
    const path = (request.url ?? "").split("?", 1)[0]
    const isRead = request.method === "GET" || request.method === "HEAD"
    if (isRead && path === "/healthz") answer(response, 200, text, "ok\n")
    else if (isRead && path === "/readyz") run(response, ready(response))
    else if (isRead && path === "/metrics") run(response, metrics(response))
    else fallback(request, response)
  }
})
