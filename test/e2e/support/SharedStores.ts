import { PostgresServer } from "../../support/PostgresServer.ts"
import { RadosGateway } from "../../support/RadosGateway.ts"

const bucket = "mezite-session-recordings"

/** What the hubs of one cluster share: a database and a bucket, empty at first. */
export class SharedStores {
  readonly postgres: PostgresServer
  readonly gateway: RadosGateway
  readonly bucket = bucket

  private constructor(postgres: PostgresServer, gateway: RadosGateway) {
    this.postgres = postgres
    this.gateway = gateway
  }

  static async start(): Promise<SharedStores> {
    const [postgres, gateway] = await Promise.all([PostgresServer.start(), RadosGateway.start()])
    await gateway.createBucket(bucket)
    return new SharedStores(postgres, gateway)
  }

  /** By which a hub uses them. */
  get variables(): Readonly<Record<string, string>> {
    return { MEZITE_DATABASE_URL: this.postgres.url("postgres"), ...this.gateway.hubVariables(bucket) }
  }

  async stop(): Promise<void> {
    await Promise.all([this.postgres.stop(), this.gateway.stop()])
  }
}
