import type { FileHandle } from 'node:fs/promises'
import { HoldfastError } from '../contract/errors.ts'
import type { PageCachePolicy } from './pageCachePolicy.ts'

/**
 * Fills `buffer` from `offset` of an open file or device and leaves the page cache as it was. Resolves to the count of
 * bytes read; fewer only at the end. Fails with `source.readFailed`, details {offset, length}: the part of the range from the
 * first byte that could not be read on. What was read before it is in the buffer.
 */
export async function readSource(
  file: FileHandle,
  path: string,
  buffer: Uint8Array,
  offset: number,
  policy: PageCachePolicy,
): Promise<number> {
  policy.beforeRead(offset, buffer.length)
  let done = 0
  try {
    while (done < buffer.length) {
      const { bytesRead } = await file.read(buffer, done, buffer.length - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const range = { offset: offset + done, length: buffer.length - done }
    throw new HoldfastError(
      'source.readFailed',
      `${path} cannot be read at byte ${range.offset} (${range.length} bytes asked for): ${code ?? String(error)}.`,
      {
        advice: 'Check the disk and its cables; look at its SMART values and at the kernel log.',
        details: { ...range, path, errno: code },
        cause: error,
      },
    )
  } finally {
    policy.afterRead(offset, buffer.length)
  }
}
