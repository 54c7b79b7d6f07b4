import { HeadObjectCommand } from "@aws-sdk/client-s3"
import { Effect, Option } from "effect"
import type { Bucket } from "./Bucket.ts"
import { isAbsent, type StoreError } from "./StoreError.ts"

/** Under which an object bears the SHA-256 of its recording, in hex: no store's own checksum says that of every object. */
export const digestMetadata = "mezite-digest"

/** What is known of an object without its bytes. */
export interface ObjectHead {
  readonly bytes: number
  /** Without its quotes. */
  readonly etag: string
  /** Empty for an object that is none of ours. */
  readonly digest: string
}

/** Looks whether an object is there. */
export const objectHead = (bucket: Bucket, key: string): Effect.Effect<Option.Option<ObjectHead>, StoreError> =>
  bucket
    .send((client, options) => client.send(new HeadObjectCommand({ Bucket: bucket.name, Key: key }), options))
    .pipe(
      Effect.map(({ ContentLength = 0, ETag = "", Metadata }) =>
        Option.some({ bytes: ContentLength, etag: ETag.replaceAll('"', ""), digest: Metadata?.[digestMetadata] ?? "" }),
      ),
      Effect.catchIf(isAbsent, () => Effect.succeedNone),
    )
