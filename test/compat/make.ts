import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../engine/base/clock.ts'
import { logText, seededRandom } from '../../engine/demo/seededRandom.ts'
import { createEngine } from '../../engine/engine.ts'
import { formatVersion } from '../../engine/repository/format.ts'
import { writeImage } from '../support/mixedImage.ts'
import type { Expected } from './frozen.ts'

/**
 * Makes the frozen repository of the current format version: test/compat/format-<version>. Run once by hand when a format
 * version is added, and never again for it: that these bytes stay readable is what compat.test.ts is about.
 *
 *   unshare --uts sh -c 'hostname server1 && node_modules/.bin/node test/compat/make.ts'
 *
 * (The name of the computer becomes part of the version records.)
 */

const blockSizeBytes = 16 * 1024
const passphrase = 'Größe ist nicht alles, 2026'
const keyFile = Buffer.from(Array.from({ length: 48 }, (_, i) => (i * 37 + 11) % 256))

const random = seededRandom('frozen repository')
const block = (index: number) => index * blockSizeBytes

/** 150 blocks and a short one, so the map has two levels: text, a wide hole, two blocks that do not compress. */
function webImage(): Buffer {
  const image = Buffer.alloc(block(150) + 1234)
  logText(random, block(10)).copy(image, 0)
  random.bytes(block(2)).copy(image, block(130))
  logText(random, 1234).copy(image, block(150))
  return image
}

/** Two blocks written over, one zeroed, and the end moved. */
function webImageLater(earlier: Buffer): Buffer {
  const image = Buffer.alloc(block(152) + 77)
  earlier.copy(image)
  logText(random, block(1) + 5000).copy(image, block(3) + 3000)
  image.fill(0, block(130), block(131))
  logText(random, 77).copy(image, block(152))
  return image
}

/** 20 whole blocks in a map of one level; ten of them are the same. */
function dbImage(): Buffer {
  const image = logText(random, block(20))
  for (let index = 5; index < 15; index++) image.copy(image, block(index), 0, blockSizeBytes)
  return Buffer.from(image)
}

async function removeEmptyFolders(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeEmptyFolders(join(path, entry.name))
  }
  if ((await readdir(path)).length === 0) await rmdir(path)
}

async function make(work: string): Promise<Expected> {
  let now = Date.parse('2026-01-31T10:00:00Z')
  const clock = { ...systemClock, now: () => now }
  const engine = createEngine({ stateDir: join(work, 'state'), clock })
  const url = `file:${join(work, 'repository')}`
  const { recoveryPhrase } = await engine.init(url, { kind: 'passphrase', passphrase }, { blockSizeBytes })
  const session = await engine.open(url, { kind: 'passphrase', passphrase })
  await session.addKey({ kind: 'keyfile', content: keyFile }, 'key file in the safe')

  const backUp = async (name: string, image: Buffer, labels: Record<string, string>) => {
    now += 24 * 60 * 60 * 1000
    const path = join(work, `${name}.img`)
    await writeImage(path, image)
    const { version } = await session.backup(path, { name, labels })
    return { id: version, name, sizeBytes: image.length, sha256: hash('sha256', image), protected: false, labels }
  }
  const first = webImage()
  const versions: Expected['versions'] = [
    await backUp('web', first, { kind: 'nightly', delete: 'never' }),
    await backUp('db', dbImage(), {}),
  ]
  // What prune leaves of this one are rewritten packs, and a segment that supersedes others.
  const gone = await backUp('web', Buffer.concat([random.bytes(blockSizeBytes), first]), {})
  versions.push(await backUp('web', webImageLater(first), {}))
  await session.remove([gone.id], {})
  await session.prune({})

  now += 60_000
  await session.protect([versions[1]!.id], true)
  versions[1]!.protected = true
  await session.label(versions[0]!.id, ['kind=weekly', 'delete-', 'checked=yes'])
  versions[0]!.labels = { kind: 'weekly', checked: 'yes' }
  const { damaged } = await session.scrub([], {})
  if (damaged.length > 0) throw new Error('The new repository is damaged.')
  await session.close()
  const secrets = { passphrase, recoveryPhrase, keyFile: keyFile.toString('hex') }
  return { formatVersion, blockSizeBytes, secrets, versions }
}

const place = join(import.meta.dirname, `format-${formatVersion}`)
if (existsSync(place)) throw new Error(`${place} is there already, and frozen.`)
const work = await mkdtemp(join(tmpdir(), 'holdfast-frozen-'))
try {
  const expected = await make(work)
  await removeEmptyFolders(join(work, 'repository'))
  await cp(join(work, 'repository'), join(place, 'repository'), { recursive: true })
  await writeFile(join(place, 'expected.json'), `${JSON.stringify(expected, undefined, 2)}\n`)
} finally {
  await rm(work, { recursive: true, force: true })
}
