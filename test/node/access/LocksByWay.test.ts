import { expect, it } from "vitest"
import { UserName } from "../../../src/domain/Identifiers.ts"
import { LockId } from "../../../src/domain/Lock.ts"
import { LocksByWay } from "../../../src/node/access/LocksByWay.ts"

const lock = (name: string) => ({
  id: LockId.make("0".repeat(26)),
  target: { kind: "user", name: UserName.make(name) } as const,
  reason: "",
})
const names = ({ holding }: LocksByWay) => holding.map(({ target }) => target.name)

it("a lock holds as long as one hub that is there says so", () => {
  const locks = new LocksByWay()
  locks.says("a", [lock("alice")])
  locks.says("b", [lock("bob")])
  expect(names(locks)).toEqual(["alice", "bob"])
  locks.says("a", [])
  expect(names(locks)).toEqual(["bob"])
})

it("what a hub said counts no more when it is gone, unless it was the last", () => {
  const locks = new LocksByWay()
  locks.says("a", [lock("alice")])
  locks.says("b", [lock("bob")])
  locks.isGone("a")
  expect(names(locks)).toEqual(["bob"])
  locks.isGone("b")
  expect(names(locks)).toEqual(["bob"])
  locks.says("a", [])
  expect(names(locks)).toEqual([])
})
