import { join } from "node:path"
import { type Cluster, login } from "./Cluster.ts"
import { bundled, type Ended, runToEnd, type Variables } from "./Program.ts"

/** Somebody on a machine of their own, where no hub is, who has logged in there with `msh login`. */
export class Person {
  readonly name: string
  readonly #cluster: Cluster

  private constructor(name: string, cluster: Cluster) {
    this.name = name
    this.#cluster = cluster
  }

  static async logIn(cluster: Cluster, name: string, roles: string): Promise<Person> {
    const person = new Person(name, cluster)
    const added = await cluster.mezctl("users", "add", name, "--roles", roles, "--logins", login)
    const words = ["--hub", cluster.listen, "--ca-pin", cluster.pin, "--user", name, "--password-stdin"]
    const invite = ["--invite", added.stdout.toString().trim()]
    const { code, stderr } = await person.run("msh", ["login", ...words, ...invite], `the password of ${name}\n`)
    if (code !== 0) throw new Error(`${name} can't log in: ${stderr}`)
    return person
  }

  get home(): string {
    return join(this.#cluster.directory, `home-${this.name}`)
  }

  /** What the login left. */
  get identity(): string {
    return join(this.home, "identity.json")
  }

  get variables(): Variables {
    const { MEZITE_IDENTITY: _, ...usual } = this.#cluster.userVariables
    return { ...usual, MEZITE_HOME: this.home, MEZITE_DATA_DIR: join(this.#cluster.directory, "no-hub") }
  }

  run(program: "msh" | "mezctl", words: ReadonlyArray<string>, input = ""): Promise<Ended> {
    return runToEnd([...bundled(program), ...words], this.variables, input)
  }

  mezctl(...words: ReadonlyArray<string>): Promise<Ended> {
    return this.run("mezctl", words)
  }
}
