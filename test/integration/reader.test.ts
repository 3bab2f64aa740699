import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import type { Secret, Session } from '../../engine/engineApi.ts'
import { blockKind } from '../../engine/repository/format.ts'
import { mixedImage, writeImage } from '../support/mixedImage.ts'
import { type ReaderResult, readerFunctions, readerProgram, readerSecret, runReader } from '../support/reader.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

/** tools/read-repository.mjs, as somebody uses it who has nothing else, on what the engine has written. */

const blockSizeBytes = 16 * 1024
const keyFile: Secret = { kind: 'keyfile', content: Buffer.alloc(64, 7) }
/** More than 128 blocks, so the maps have two levels; the last block is short. */
const sizeBytes = 300 * blockSizeBytes + 777

interface Made {
  path: string
  secrets: Secret[]
  versions: { id: string; image: Buffer }[]
}

let workshop: string
let made: Made
const folder = useTemporaryFolder()

beforeAll(async () => {
  workshop = await mkdtemp(join(tmpdir(), 'holdfast-reader-'))
  made = await make(workshop)
})
afterAll(() => rm(workshop, { recursive: true, force: true }))

/** A repository with two mixed sources, one of zeros and an empty one. */
async function make(place: string): Promise<Made> {
  const path = join(place, 'repository')
  const passphrase: Secret = { kind: 'passphrase', passphrase: 'zwölf Boxkämpfer' }
  const engine = createEngine({ stateDir: join(place, 'state') })
  const { recoveryPhrase } = await engine.init(`file:${path}`, passphrase, { blockSizeBytes })
  const session = await engine.open(`file:${path}`, passphrase)
  try {
    await session.addKey(keyFile)
    const [first, second] = [mixedImage(sizeBytes, 'first'), mixedImage(sizeBytes, 'second')]
    first.fill(0, 20 * blockSizeBytes, 70 * blockSizeBytes)
    // All that one leaf of the map stands for, so the leaf is a hole, too.
    second.fill(0, 128 * blockSizeBytes, 256 * blockSizeBytes)
    const images = [first, second, Buffer.alloc(5 * blockSizeBytes), Buffer.alloc(0)]
    const versions: Made['versions'] = []
    for (const [i, image] of images.entries()) {
      const source = join(place, `source-${i}`)
      await writeImage(source, image)
      versions.push({ id: (await session.backup(source, { labels: { number: String(i) } })).version, image })
    }
    await session.protect([versions[0]!.id], true)
    return { path, secrets: [passphrase, { kind: 'recovery', phrase: recoveryPhrase }, keyFile], versions }
  } finally {
    await session.close()
  }
}

/** A copy of the repository for a test to damage. */
async function copyOfRepository(): Promise<string> {
  const path = join(folder.path, 'repository')
  await cp(made.path, path, { recursive: true })
  return path
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path)
  bytes[offset < 0 ? bytes.length + offset : offset]! ^= 0x40
  await writeFile(path, bytes)
}

const filesIn = async (path: string): Promise<string[]> => {
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  return entries.flatMap(entry => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []))
}

/** Restores a version with the reader; the file is there even when parts of it could not be read. */
async function restore(path: string, id: string, secret: Secret = keyFile): Promise<ReaderResult & { bytes: Buffer }> {
  const target = join(await mkdtemp(join(folder.path, 'target-')), 'file')
  const result = await runReader([path, 'restore', id, target, ...(await readerSecret(secret, folder.path))])
  return { ...result, bytes: await readFile(target) }
}

async function expectRestored(path: string, secret?: Secret): Promise<string> {
  let notes = ''
  for (const { id, image } of made.versions) {
    const { code, damaged, bytes, stderr } = await restore(path, id, secret)
    expect({ code, damaged }, stderr).toEqual({ code: 0, damaged: [] })
    expect(bytes.equals(image)).toBe(true)
    notes += stderr
  }
  return notes
}

async function withEngine<T>(path: string, use: (session: Session) => Promise<T>): Promise<T> {
  const stateDir = await mkdtemp(join(folder.path, 'state-'))
  const session = await createEngine({ stateDir }).open(`file:${path}`, keyFile)
  try {
    return await use(session)
  } finally {
    await session.close()
  }
}

/** The frames of all packs with their places, as the packs themselves list them. */
async function framesOf(path: string) {
  const config = JSON.parse(await readFile(join(path, 'config'), 'utf8'))
  const texts = await Promise.all((await filesIn(join(path, 'keys'))).map(name => readFile(name, 'utf8')))
  const slot = texts.map(text => JSON.parse(text)).find(({ kind }) => kind === keyFile.kind)
  const master = readerFunctions.openSlot(slot, config.repositoryId, Buffer.alloc(64, 7))
  const keys = readerFunctions.deriveKeys(master, config.repositoryId)
  const found = []
  for (const file of await filesIn(join(path, 'packs'))) {
    const bytes = await readFile(file)
    const read = (offset: number, length: number) => bytes.subarray(offset, offset + length)
    const { frames, wrapped, id } = readerFunctions.openPackIndex(keys, file.slice(-32), bytes.length, read)
    const frameKey = readerFunctions.openFrameKey(keys, id, wrapped)
    for (const frame of frames) {
      const plain = readerFunctions.openFrame(frameKey, frame, read(frame.offset, frame.sealedLength))
      found.push({ file, plain, middle: frame.offset + Math.floor(frame.sealedLength / 2), kind: frame.kind })
    }
  }
  return found
}

/** What stands in the version outside of the damaged ranges, and zeros in them. */
function withZeros(image: Buffer, damaged: ReaderResult['damaged']): Buffer {
  const expected = Buffer.from(image)
  for (const { offset, length } of damaged) expected.fill(0, offset, offset + length)
  return expected
}

describe('the stand-alone reader', () => {
  it('lists, verifies and restores with each kind of secret', async () => {
    for (const secret of made.secrets) {
      const args = await readerSecret(secret, folder.path)
      const { stdout, code } = await runReader([made.path, 'list', ...args])
      expect(code).toBe(0)
      const lines = stdout.trimEnd().split('\n')
      expect(lines.map(line => JSON.parse(line))).toMatchObject(
        made.versions.map(({ id, image }, i) => {
          return { id, sizeBytes: image.length, protected: i === 0, labels: { number: String(i) } }
        }),
      )
      const verified = await runReader([made.path, 'verify', made.versions[0]!.id, ...args])
      expect(verified).toMatchObject({ code: 0, damaged: [], stderr: '' })
      expect(await expectRestored(made.path, secret)).toBe('')
    }
  })

  it('takes a passphrase or phrase from the environment, and the beginning of an id for a version', async () => {
    for (const secret of made.secrets) {
      if (secret.kind === 'keyfile') continue
      const env = { HOLDFAST_PASSPHRASE: secret.kind === 'passphrase' ? secret.passphrase : secret.phrase }
      const { stdout, code } = await runReader([made.path, 'verify', made.versions[1]!.id.slice(0, 10)], env)
      expect({ stdout, code }).toEqual({ stdout: `${made.versions[1]!.id}: everything was read\n`, code: 0 })
    }
  })

  it('leaves holes where the version has zeros', async () => {
    const target = join(folder.path, 'zeros')
    const args = await readerSecret(keyFile, folder.path)
    expect(await runReader([made.path, 'restore', made.versions[2]!.id, target, ...args])).toMatchObject({ code: 0 })
    expect(await stat(target)).toMatchObject({ size: 5 * blockSizeBytes, blocks: 0 })
  })

  it('never writes to a file that exists', async () => {
    const target = join(folder.path, 'precious')
    await writeFile(target, 'precious')
    const args = await readerSecret(keyFile, folder.path)
    const { code, stderr } = await runReader([made.path, 'restore', made.versions[0]!.id, target, ...args])
    expect(code).toBe(2)
    expect(stderr).toContain('EEXIST')
    expect(await readFile(target, 'utf8')).toBe('precious')
  })

  it('ends with 2 when it cannot begin', async () => {
    const args = await readerSecret(keyFile, folder.path)
    const wrong = await readerSecret({ kind: 'passphrase', passphrase: 'wrong' }, folder.path)
    const runs: [string[], string][] = [
      [[made.path, 'list', ...wrong], 'does not open with this secret'],
      [[made.path, 'verify', 'ffffffffffffffff00', ...args], '0 versions begin with'],
      [[made.path, 'verify', '', ...args], `${made.versions.length} versions begin with`],
      [[join(folder.path, 'nowhere'), 'list', ...args], 'config is missing'],
      [[made.path, 'list'], 'Usage'],
      [[made.path, 'verify', ...args], 'Usage'],
      [[made.path, 'mend', ...args], 'Usage'],
      [[made.path, 'list', '--force', ...args], 'force'],
    ]
    for (const [run, reason] of runs) {
      const { code, stdout, stderr } = await runReader(run)
      expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain(reason)
    }
  })

  it('says which Node it needs when it runs on an older one', async () => {
    const older = 'data:text/javascript,import crypto from "node:crypto"; delete crypto.argon2Sync'
    const run = promisify(execFile)(process.execPath, ['--import', older, readerProgram, made.path, 'list'])
    await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('Get Node 24.7 or newer') })
  })
})

describe('the stand-alone reader, on a damaged repository', () => {
  it('reads the packs themselves when there is no index', async () => {
    const path = await copyOfRepository()
    await rm(join(path, 'index'), { recursive: true })
    expect(await expectRestored(path)).toBe('')
  })

  it('reads the packs themselves when one segment is missing or damaged', async () => {
    const path = await copyOfRepository()
    const segments = await filesIn(join(path, 'index'))
    expect(segments.length).toBeGreaterThan(1)
    await rm(segments[0]!)
    for (const segment of segments.slice(1)) await flip(segment, 100)
    expect(await expectRestored(path)).toContain('its tag is wrong')
  })

  it('takes the copies of config, key slots, records and marks when the first are damaged', async () => {
    const path = await copyOfRepository()
    // One byte of the repository's id: still a config, but not this one's.
    await flip(join(path, 'config'), 80)
    for (const name of await filesIn(join(path, 'keys'))) await flip(name, -100)
    for (const name of await filesIn(join(path, 'versions'))) await flip(name, -1)
    for (const name of await filesIn(join(path, 'marks'))) await rm(name)
    for (const secret of made.secrets) expect(await expectRestored(path, secret)).toContain('versions/')
    const listed = await runReader([path, 'list', ...(await readerSecret(keyFile, folder.path))])
    expect(listed.code).toBe(0)
    expect(JSON.parse(listed.stdout.split('\n')[0]!)).toMatchObject({ id: made.versions[0]!.id, protected: true })
  })

  it('needs no copies when the first are sound', async () => {
    const path = await copyOfRepository()
    await rm(join(path, 'copies'), { recursive: true })
    expect(await expectRestored(path)).toBe('')
  })

  it('lists what it can when a record is lost, and ends with 1', async () => {
    const path = await copyOfRepository()
    const { id } = made.versions[1]!
    for (const name of [join(path, 'versions', id), join(path, 'copies/versions', id)]) await flip(name, 50)
    const args = await readerSecret(keyFile, folder.path)
    const listed = await runReader([path, 'list', ...args])
    expect(listed.code).toBe(1)
    const ids = listed.stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).id)
    expect(ids).toEqual(made.versions.map(version => version.id).filter(other => other !== id))
    expect((await runReader([path, 'verify', id, ...args])).code).toBe(1)
  })

  it('names exactly the ranges that hang on a damaged frame, and restores everything else', async () => {
    const path = await copyOfRepository()
    const frames = await framesOf(path)
    const nodes = frames.filter(frame => frame.kind === blockKind.map)
    const leaf = nodes.find(node => node.plain[0] === 0)!
    const root = nodes.find(node => node.plain[0] === 1)!
    const data = frames.filter(frame => frame.kind === blockKind.data)
    for (const frame of [leaf, root, data[0]!, data[Math.floor(data.length / 2)]!, data.at(-1)!]) {
      await flip(frame.file, frame.middle)
      let lost = 0
      for (const { id, image } of made.versions) {
        const { code, damaged, bytes } = await restore(path, id)
        const target = join(await mkdtemp(join(folder.path, 'engine-')), 'file')
        const byEngine = await withEngine(path, session => session.restore(id, target, {}))
        expect(damaged).toEqual(byEngine.damaged)
        expect(code).toBe(damaged.length > 0 ? 1 : 0)
        expect(bytes.equals(withZeros(image, damaged))).toBe(true)
        lost += damaged.length
      }
      expect(lost).toBeGreaterThan(0)
      await flip(frame.file, frame.middle)
    }
    await expectRestored(path)
  })

  it('names the whole version when neither index nor pack say where its map is', async () => {
    const path = await copyOfRepository()
    await rm(join(path, 'index'), { recursive: true })
    for (const pack of await filesIn(join(path, 'packs'))) await flip(pack, -1)
    const { code, damaged, bytes } = await restore(path, made.versions[0]!.id)
    expect({ code, damaged }).toEqual({ code: 1, damaged: [{ offset: 0, length: sizeBytes }] })
    expect(bytes.equals(Buffer.alloc(sizeBytes))).toBe(true)
  })

  it('takes whichever copy of a block is sound', async () => {
    const path = await copyOfRepository()
    const before = (await framesOf(path)).filter(frame => frame.kind === blockKind.data)
    const flipOld = () => flip(before[0]!.file, before[0]!.middle)
    await flipOld()
    await withEngine(path, async session => {
      expect((await session.scrub([], {})).damaged).not.toEqual([])
      // What a scrub found damaged is stored again.
      for (const i of made.versions.keys()) await session.backup(join(workshop, `source-${i}`), {})
    })
    let notes = await expectRestored(path)
    await flipOld()
    const known = new Set(before.map(frame => frame.file))
    const added = (await framesOf(path)).filter(frame => frame.kind === blockKind.data && !known.has(frame.file))
    expect(added).not.toEqual([])
    for (const frame of added) await flip(frame.file, frame.middle)
    notes += await expectRestored(path)
    // Segments come in no order, but in one of the two cases the damaged copy came first.
    expect(notes).toContain('the frame at ')
  })
})
