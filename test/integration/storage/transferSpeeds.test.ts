import { join } from 'node:path'
import { expect, test } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import type { Progress } from '../../../engine/contract/progress.ts'
import { createEngine } from '../../../engine/engine.ts'
import type { RepositoryOptions } from '../../../engine/engineApi.ts'
import { writeImage } from '../../support/mixedImage.ts'
import { attackSecret } from '../../support/repositoryAttack.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const mib = 1024 * 1024
const blockBytes = 32 * 1024
const credentials = { kind: 's3' as const, keyId: ownerKey.id, secretKey: ownerKey.secret }

/** No two blocks are the same, and each is compressed to about an eighth. */
function compressibleImage(sizeBytes: number): Buffer {
  const image = Buffer.alloc(sizeBytes, 'all the same ')
  for (let at = 0; at < sizeBytes; at += blockBytes) image.set(randomBytes(blockBytes / 8), at)
  return image
}

/** What a backup of the image tells of its progress. */
async function toldOf(url: string, path: string, options: RepositoryOptions): Promise<Progress[]> {
  const engine = createEngine({ stateDir: join(folder.path, 'state') })
  await engine.init(url, attackSecret, options)
  const session = await engine.open(url, attackSecret, options)
  try {
    const told: Progress[] = []
    await session.backup(path, { name: 'disk', onProgress: progress => void told.push(progress) })
    return told
  } finally {
    await session.close()
  }
}

test('a backup through a limit tells how fast it reads, and apart from that how fast it sends', async () => {
  const server = await S3Server.start()
  try {
    const path = join(folder.path, 'disk.img')
    await writeImage(path, compressibleImage(512 * mib))
    const limit = 8 * mib
    const told = await toldOf(server.url('limited'), path, { credentials, writeLimit: limit })
    const reading = told.filter(({ phase }) => phase === 'reading').at(-1)!
    const { bytesPerSecond, sentBytesPerSecond } = told.findLast(one => one.sentBytesPerSecond !== undefined)!
    const { bytesPerSecond: read = 0 } = reading
    expect(bytesPerSecond ?? read).toBeGreaterThan(0)
    expect(sentBytesPerSecond).toBeGreaterThan(0)
    // One pack is let through at once.
    expect(sentBytesPerSecond).toBeLessThan(2 * limit)
    expect(read).toBeGreaterThan(3 * sentBytesPerSecond!)

    const here = await toldOf(join(folder.path, 'repository'), path, {})
    expect(here.some(one => one.bytesPerSecond !== undefined)).toBe(true)
    expect(here.some(one => one.sentBytesPerSecond !== undefined)).toBe(false)
  } finally {
    await server.close()
  }
})
