import { expect, it } from "@effect/vitest"
import { Either } from "effect"
import { forwardSpec } from "../../../src/cli/msh/forward/ForwardSpec.ts"

it.each([
  ["8080:db:5432", { listenHost: "", listenPort: 8080, host: "db", port: 5432 }],
  ["localhost:8080:127.0.0.1:80", { listenHost: "localhost", listenPort: 8080, host: "127.0.0.1", port: 80 }],
  ["*:8080:[::1]:80", { listenHost: "*", listenPort: 8080, host: "::1", port: 80 }],
  ["[fe80::1%eth0]:1:h:2", { listenHost: "fe80::1%eth0", listenPort: 1, host: "h", port: 2 }],
  [":8080:h:2", { listenHost: "", listenPort: 8080, host: "h", port: 2 }],
])("%s is read as ssh reads it", (text, spec) => {
  expect(forwardSpec("-L", text)).toEqual(Either.right(spec))
})

it.each(["8080", "8080:db", "0:db:1", "65536:db:1", "1:db:65536", "1:db:0", "1:a b:2", "1::2", "x:1:db:2:3", ""])(
  "%s is refused with the form that is right",
  (text) => {
    expect(Either.getOrThrow(Either.flip(forwardSpec("-L", text))).message).toContain(
      "write -L [ADDRESS:]PORT:HOST:HOSTPORT",
    )
  },
)

it("any port is for -R alone", () => {
  expect(Either.isRight(forwardSpec("-R", "0:db:1"))).toBe(true)
})
