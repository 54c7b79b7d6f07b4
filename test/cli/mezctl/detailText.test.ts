import { expect, it } from "vitest"
import { detailText } from "../../../src/cli/mezctl/detailText.ts"

it("writes plain words as they are, and quotes what could be taken for another value", () => {
  expect(
    detailText({
      path: "/etc/passwd",
      exit_code: null,
      files: 3,
      roles: ["admin"],
      reason: "bob is locked",
      name: 'x result=ok "',
      empty: "",
    }),
  ).toBe(
    'path=/etc/passwd exit_code=null files=3 roles=["admin"] reason="bob is locked" name="x result=ok \\"" empty=""',
  )
})
