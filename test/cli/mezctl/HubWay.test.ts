import { Either, Option } from "effect"
import { expect, it } from "vitest"
import { chooseHubWay, HubWay, type WayAsked, type WaysFound } from "../../../src/cli/mezctl/HubWay.ts"

const nothing: WaysFound = {
  variable: Option.none(),
  hub: { directory: "/data", isThere: false },
  login: { path: "/home/.mezite/identity.json", isThere: false },
}
const hub = { hub: { ...nothing.hub, isThere: true } }
const login = { login: { ...nothing.login, isThere: true } }
const variable = { variable: Option.some("/variable.json") }
const unsaid: WayAsked = { identity: Option.none(), local: false }
const identity = { ...unsaid, identity: Option.some("/option.json") }
const local = { ...unsaid, local: true }

const socket = HubWay.Socket({ directory: "/data" })
const by = (path: string) => HubWay.Login({ path })

it.each<readonly [string, WayAsked, Partial<WaysFound>, HubWay]>([
  ["a hub's own host", unsaid, hub, socket],
  ["its user has logged in besides", unsaid, { ...hub, ...login }, socket],
  ["elsewhere, logged in", unsaid, login, by("/home/.mezite/identity.json")],
  ["MEZITE_IDENTITY", unsaid, variable, by("/variable.json")],
  ["MEZITE_IDENTITY, whatever else there is", unsaid, { ...variable, ...hub, ...login }, by("/variable.json")],
  ["--identity", identity, {}, by("/option.json")],
  ["--identity, whatever else there is", identity, { ...variable, ...hub, ...login }, by("/option.json")],
  ["--local", local, {}, socket],
  ["--local, whatever else there is", local, { ...variable, ...hub, ...login }, socket],
])("%s", (_, asked, found, expected) => {
  expect(chooseHubWay(asked, { ...nothing, ...found })).toEqual(Either.right(expected))
})

it("two ways at once are wrong usage, and none is a failure that names both", () => {
  expect(chooseHubWay({ ...identity, local: true }, { ...nothing, ...hub })).toMatchObject({
    left: { _tag: "WrongUsage", message: "--local and --identity are two ways to the hub: give one of them" },
  })
  const none = chooseHubWay(unsaid, nothing)
  expect(none).toMatchObject({
    left: {
      _tag: "CommandFailed",
      message:
        "there is no way to a hub: on its host be its user or root, with its MEZITE_DATA_DIR (there is no /data/hub.sock); elsewhere log in with msh login --hub HOST:PORT --user NAME (there is no /home/.mezite/identity.json)",
    },
  })
})
