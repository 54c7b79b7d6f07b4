import { expect, it } from "vitest"
import { formatTable } from "../../src/cli/Table.ts"

it("aligns columns, and shows where there is nothing", () => {
  expect(
    formatTable(
      ["NAME", "LOGINS", "CREATED"],
      [
        ["alice", "root,deploy", "now"],
        ["carol", "", null],
      ],
    ),
  ).toBe("NAME   LOGINS       CREATED\nalice  root,deploy  now\ncarol  -            -\n")
})

it("has one line a row, whatever is in its cells", () => {
  expect(formatTable(["A", "B"], [["one\ntwo", "\u001b[31mred\u202e"]])).toBe(
    "A        B\none two  \ufffd[31mred\ufffd\n",
  )
})
