import { execFile } from 'node:child_process'
import { cp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  backupResultSchema,
  enforceResultSchema,
  initResultSchema,
  pruneResultSchema,
  removeResultSchema,
  repairResultSchema,
  restoreResultSchema,
  scrubResultSchema,
  statsResultSchema,
  versionDetailsSchema,
  versionsResultSchema,
} from '../../../engine/contract/models.ts'
import { seededRandom } from '../../../engine/demo/seededRandom.ts'
import { type HoldfastOptions, holdfast, placeIn } from '../../support/holdfast.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const mib = 1024 ** 2

let env: Record<string, string>
let disk: string
beforeEach(async () => {
  env = placeIn(folder.path)
  disk = join(folder.path, 'disk.img')
})

/** Data, a hole, and an end that is no whole block. */
async function makeDisk(): Promise<void> {
  await writeFile(disk, seededRandom('disk').bytes(3 * mib))
  await truncate(disk, 20 * mib + 513)
}

async function change(offset: number, text: string): Promise<void> {
  const file = await open(disk, 'r+')
  await file.write(text, offset)
  await file.close()
}

/** Runs a command that must go well, and gives its JSON. */
async function json<T>(schema: { parse(value: unknown): T }, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await holdfast([...args, '--json'], { env })
  expect({ code, stderr: stderr.replace(/^\{.*\}\n/gm, '') }).toEqual({ code: 0, stderr: '' })
  return schema.parse(JSON.parse(stdout))
}

async function text(args: string[], options: HoldfastOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await holdfast(args, { env, ...options })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('the command line', () => {
  test('does the main job: back up, change, back up, list, restore both, check', async () => {
    await makeDisk()
    const { repositoryId, recoveryPhrase } = await json(initResultSchema, 'init', '--block-size', '64k')
    expect(recoveryPhrase.split(' ')).toHaveLength(24)

    const first = await json(backupResultSchema, 'backup', disk, '--label', 'os=debian')
    expect(first).toMatchObject({ name: 'disk.img', sizeBytes: 20 * mib + 513, status: 'complete' })
    expect(first.newBytes).toBeGreaterThanOrEqual(3 * mib)
    await cp(disk, join(folder.path, 'before.img'))
    await change(1000, 'a day of use')
    const second = await json(backupResultSchema, 'backup', disk, '--name', 'disk.img')
    expect(second.newBytes).toBe(65_536)

    const { versions } = await json(versionsResultSchema, 'versions')
    expect(versions.map(({ id, labels }) => [id, labels])).toEqual([
      [first.version, { os: 'debian' }],
      [second.version, {}],
    ])
    const details = await json(versionDetailsSchema, 'show', 'disk.img:latest~1')
    expect(details).toMatchObject({ id: first.version, sourceKind: 'file', source: disk, blockSizeBytes: 65_536 })

    for (const [spec, original] of [
      ['latest', disk],
      [first.version.slice(0, 8), join(folder.path, 'before.img')],
    ] as const) {
      const target = join(folder.path, `restored-${spec}.img`)
      const restored = await json(restoreResultSchema, 'restore', spec, target, '--verify')
      expect(restored).toMatchObject({ target, verified: true, damaged: [] })
      expect((await readFile(target)).equals(await readFile(original))).toBe(true)
    }

    const scrubbed = await json(scrubResultSchema, 'scrub')
    expect(scrubbed).toMatchObject({ damaged: [], versions: [] })
    expect(scrubbed.checkedBlocks).toBeGreaterThan(0)
    expect(await json(scrubResultSchema, 'scrub', 'latest', '--source', disk)).toMatchObject({ damaged: [] })
    expect(await json(statsResultSchema, 'stats')).toMatchObject({ repositoryId, versions: 2, blockSizeBytes: 65_536 })
    expect(await json(repairResultSchema, 'repair', '--dry-run')).toMatchObject({ lost: [] })
  })

  test('restores with the recovery phrase alone, on a computer that never saw the repository', async () => {
    await makeDisk()
    const { recoveryPhrase } = await json(initResultSchema, 'init')
    await text(['backup', disk])
    const written = join(folder.path, 'phrase.txt')
    await writeFile(written, `${recoveryPhrase.toUpperCase()}\n`)
    const elsewhere = { HOLDFAST_STATE_DIR: join(folder.path, 'other'), HOLDFAST_REPO: env.HOLDFAST_REPO! }
    const target = join(folder.path, 'restored.img')
    await text(['restore', 'latest', target, '--passphrase-file', written], { env: elsewhere })
    expect((await readFile(target)).equals(await readFile(disk))).toBe(true)
  })

  test('restores a range, and only what differs', async () => {
    await makeDisk()
    await text(['init'])
    await text(['backup', disk])
    const part = join(folder.path, 'part.bin')
    await text(['restore', 'latest', part, '--range', '1000:70000'])
    const content = await readFile(disk)
    expect((await readFile(part)).equals(content.subarray(1000, 71_000))).toBe(true)

    await change(2 * mib, 'a mistake')
    const result = await json(restoreResultSchema, 'restore', 'latest', disk, '--delta', '--force')
    expect(result.writtenBytes).toBeLessThanOrEqual(65_536)
    expect((await readFile(disk)).equals(content)).toBe(true)
  })

  test('keeps and removes: protect, label, enforce, rm, prune', async () => {
    await makeDisk()
    await text(['init'])
    const ids: string[] = []
    for (let run = 0; run < 3; run++) {
      await change(run * mib, `run ${run}`)
      ids.push((await json(backupResultSchema, 'backup', disk, '--name', 'disk')).version)
    }
    expect(await text(['protect', ids[0]!])).toContain('is protected now')
    expect(await text(['label', 'disk:latest', 'reason=test', 'other'])).toContain('other, reason=test')
    const filtered = await json(versionsResultSchema, 'versions', 'labels["reason"] == "test" or protected')
    expect(filtered.versions.map(({ id }) => id)).toEqual([ids[0], ids[2]])

    const plan = await json(enforceResultSchema, 'enforce', 'latest1', '--dry-run')
    expect(plan).toMatchObject({ dryRun: true, removed: [ids[1]] })
    const table = await text(['enforce', 'latest1'])
    expect(table).toContain('kept: protected')
    expect(table).toContain('removed: older than everything')
    expect((await json(versionsResultSchema, 'versions')).versions.map(({ id }) => id)).toEqual([ids[0], ids[2]])

    const refused = await holdfast(['rm', ids[0]!, ids[2]!], { env })
    expect([refused.code, refused.stdout]).toEqual([77, ''])
    expect(refused.stderr).toContain('is protected')
    const young = await holdfast(['rm', ids[2]!, '--min-age', '1'], { env })
    expect(young.code).toBe(77)
    expect((await json(versionsResultSchema, 'versions')).versions).toHaveLength(2)

    await text(['unprotect', ids[0]!])
    expect(await json(removeResultSchema, 'rm', ids[0]!)).toEqual({ dryRun: false, removed: [ids[0]] })
    expect(await json(pruneResultSchema, 'prune')).toMatchObject({ dryRun: false })
    const target = join(folder.path, 'restored.img')
    await text(['restore', ids[2]!, target])
    expect((await readFile(target)).equals(await readFile(disk))).toBe(true)
  })

  test('changes keys: a second passphrase, a key file, a new phrase, and removes the first', async () => {
    await text(['init'])
    const newPassphrase = join(folder.path, 'new.txt')
    await writeFile(newPassphrase, 'second\n')
    const keyFile = join(folder.path, 'holdfast.key')
    await writeFile(keyFile, seededRandom('key').bytes(64))
    expect(await text(['key', 'add', '--new-passphrase-file', newPassphrase, '--label', 'laptop'])).toContain(
      'passphrase',
    )
    expect(await text(['key', 'add', '--new-key-file', keyFile])).toContain('key file')
    const phrase = await text(['key', 'recovery'])
    expect(phrase.match(/\d+\. [a-z]+/g)).toHaveLength(24)

    const { stdout } = await holdfast(['key', 'list', '--json'], { env })
    const { keys } = JSON.parse(stdout) as { keys: { id: string; kind: string; label: string }[] }
    expect(keys.map(({ kind }) => kind).sort()).toEqual(['keyfile', 'passphrase', 'passphrase', 'recovery', 'recovery'])
    const first = keys.find(({ kind, label }) => kind === 'passphrase' && label === '')!
    await text(['key', 'remove', first.id])
    expect((await holdfast(['stats'], { env })).code).toBe(77)
    await text(['stats', '--passphrase-file', newPassphrase])
    await text(['stats', '--key-file', keyFile])
    const twice = await holdfast(['key', 'remove', first.id, '--key-file', keyFile], { env })
    expect(twice.code).toBe(66)
  })

  test('finds damage, says which version it is in, and the next backup heals it', async () => {
    await makeDisk()
    await text(['init'])
    const { version } = await json(backupResultSchema, 'backup', disk, '--name', 'disk')
    const { stdout } = await promisify(execFile)('find', [
      join(env.HOLDFAST_REPO!, 'packs'),
      '-type',
      'f',
      '-size',
      '+500k',
    ])
    for (const pack of stdout.split('\n').filter(line => line !== '')) {
      const file = await open(pack, 'r+')
      await file.write('damage', 300_000)
      await file.close()
    }

    const found = await holdfast(['scrub', '--quiet'], { env })
    expect(found.code).toBe(65)
    expect(found.stdout).toContain(`(${version})`)
    const target = join(folder.path, 'restored.img')
    const restored = await holdfast(['restore', 'latest', target, '--verify', '--json'], { env })
    expect(restored.code).toBe(65)
    const { damaged, verified } = restoreResultSchema.parse(JSON.parse(restored.stdout))
    expect([damaged.length > 0, verified]).toEqual([true, false])
    expect((await json(versionsResultSchema, 'versions')).versions[0]!.status).toBe('damaged')

    await text(['backup', disk, '--name', 'disk'])
    await rm(target)
    await text(['restore', version, target])
    expect((await readFile(target)).equals(await readFile(disk))).toBe(true)
    expect((await holdfast(['scrub'], { env })).code).toBe(0)
  })
})
