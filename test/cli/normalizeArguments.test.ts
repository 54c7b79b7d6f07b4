import { describe, expect, it } from "vitest"
import { mshForms } from "../../src/cli/msh/mshCommand.ts"
import { normalizeArguments } from "../../src/cli/normalizeArguments.ts"

const normalized = (words: string): string => normalizeArguments(words.split(" "), mshForms).join(" ")

describe("normalizeArguments", () => {
  it.each([
    ["play ID --speed 2", "play --speed 2 ID"],
    ["play ID --speed=2", "play --speed=2 ID"],
    ["play --skip-idle ID", "play --skip-idle=2s ID"],
    ["play --skip-idle=5s ID", "play --skip-idle=5s ID"],
    ["sessions ls --user alice --active", "sessions ls --user alice --active"],
    ["status --identity F", "--identity=F status"],
    ["ssh --identity F root@web-1", "--identity=F ssh -- root@web-1"],
    ["ssh -p2222 -tt web-1 ls -l --all", "ssh -p 2222 -t -- web-1 ls -l --all"],
    ["ssh web-1 -- x", "ssh -- web-1 x"],
    ["ssh -- web-1 x", "ssh -- web-1 x"],
    ["ssh web-1 x -- y", "ssh -- web-1 x -- y"],
    ["ssh -l root web-1 cat --identity x", "ssh -l root -- web-1 cat --identity x"],
    ["export -o out --format raw a.rec", "export -o out --format raw a.rec"],
    ["play -- -odd-name", "play -- -odd-name"],
  ])("%s", (words, expected) => {
    expect(normalized(words)).toBe(expected)
  })
})
