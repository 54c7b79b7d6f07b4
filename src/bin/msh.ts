#!/usr/bin/env node
import { msh } from "../cli/msh/main.ts"
import { main } from "./process/main.ts"

main(msh(process))
