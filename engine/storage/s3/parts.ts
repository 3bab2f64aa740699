import type { PutOptions } from '../storage.ts'
import type { Bucket, PartPlace, Retention } from './bucket.ts'
import { cut, lengthOf, Upload } from './upload.ts'

export interface PartOptions {
  /** Objects above this many bytes go in parts. */
  thresholdBytes: number
  /** Of each part but the last; S3 wants at least 5 MiB. */
  partBytes: number
  /** Under way at one time. */
  parallel: number
}

export const usualParts: PartOptions = { thresholdBytes: 64 << 20, partBytes: 16 << 20, parallel: 4 }

/** S3 takes no more parts of an object. */
const mostParts = 10_000

/**
 * Stores a large object in parts, several at a time. When it fails or is cancelled, the parts are given up, as far as the server can
 * still be reached; sweepTemporary does the rest.
 */
export async function putInParts(
  bucket: Bucket,
  { name, key }: { name: string; key: string },
  parts: readonly Uint8Array[],
  options: PartOptions & {
    condition: { IfNoneMatch?: '*' }
    retention?: Retention | undefined
    signal?: AbortSignal | undefined
    onSent?: PutOptions['onSent']
  },
): Promise<void> {
  const { condition, retention } = options
  const size = lengthOf(parts)
  const partBytes = Math.max(options.partBytes, Math.ceil(size / mostParts))
  const uploadId = await bucket.beginParts(name, key, retention)
  try {
    const etags = await putParts(bucket, name, { key, uploadId }, parts, { ...options, partBytes })
    await bucket.completeParts(name, { key, uploadId }, etags, condition)
  } catch (error) {
    // Who cancelled does not want to wait long for tidying up.
    const patience = AbortSignal.timeout(10_000)
    await bucket.abortParts(key, uploadId, patience).catch(() => undefined)
    throw error
  }
}

async function putParts(
  bucket: Bucket,
  name: string,
  place: Omit<PartPlace, 'number'>,
  parts: readonly Uint8Array[],
  { partBytes, parallel, retention, signal, onSent }: Parameters<typeof putInParts>[3],
): Promise<(string | undefined)[]> {
  const size = lengthOf(parts)
  const etags: (string | undefined)[] = Array.from({ length: Math.ceil(size / partBytes) })
  const failed = new AbortController()
  const stop = () => failed.abort()
  signal?.addEventListener('abort', stop, { once: true })
  let next = 0
  const work = async () => {
    while (next < etags.length) {
      const index = next++
      const part = cut(parts, index * partBytes, partBytes)
      const upload = await Upload.of(part, { md5: retention !== undefined, onSent })
      etags[index] = await bucket.putPart(name, { ...place, number: index + 1 }, upload, failed.signal)
    }
  }
  try {
    const workers = Array.from({ length: Math.min(parallel, etags.length) }, () =>
      work().catch(error => {
        failed.abort()
        throw error
      }),
    )
    const outcomes = await Promise.allSettled(workers)
    // The first to fail has stopped the others, whose errors say only that.
    const failures = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason] : []))
    const cause = failures.find(error => error.code !== 'run.cancelled') ?? failures[0]
    if (cause !== undefined) throw cause
    return etags
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}
