#!/usr/bin/env node
import { mezctl } from "../cli/mezctl/main.ts"
import { main } from "./process/main.ts"

main(mezctl(process))
