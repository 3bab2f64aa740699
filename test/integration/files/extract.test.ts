import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { makeDiskOfAllKinds, manifestOf } from '../../support/diskImages.ts'
import { holdfast, placeIn, type RunningHoldfast, startHoldfast } from '../../support/holdfast.ts'
import { noLoopDevices } from '../../support/loopDevice.ts'
import { missingProgram } from '../../support/programs.ts'

const missing = ['mkfs.xfs', 'mkfs.btrfs', 'lvm', 'getfattr', 'nbdfuse']
  .map(missingProgram)
  .find(why => why !== undefined)
const why = noLoopDevices ?? missing ?? (existsSync('/dev/fuse') ? undefined : 'there is no /dev/fuse')

/** What is attached, of all that the tests of this folder do. */
const leftOf = (folder: string) => ({
  records: readdirSync(join(folder, 'state/attachments')),
  mounts: readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter(line => line.includes(folder)),
})
const nothing = { records: [], mounts: [] }

describe.skipIf(why !== undefined)('a version of a disk with all that is usual', () => {
  let folder = ''
  let env: Record<string, string> = {}
  let manifests: Record<string, string> = {}
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
    env = placeIn(folder)
    manifests = makeDiskOfAllKinds(join(folder, 'disk.img'))
    for (const args of [['init'], ['backup', join(folder, 'disk.img'), '--name', 'disk']]) {
      const { code, stderr } = await holdfast(args, { env })
      expect(code, stderr).toBe(0)
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const run = (...args: string[]) => holdfast(args, { env })
  const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout)

  test('shows its volumes', async () => {
    const { volumes } = await json('files', 'disk:latest')
    expect(volumes).toMatchObject([
      { name: 'p1', kind: 'ext4', label: 'system', state: 'ready' },
      { name: 'p2', kind: 'xfs', state: 'ready' },
      { name: 'p3', kind: 'btrfs', state: 'ready' },
      { name: 'vg-a/root', kind: 'ext4', state: 'ready' },
      { name: 'vg-a/torn', kind: null, sizeBytes: 16 * 1024 * 1024, state: 'closed' },
      { name: 'vg-a/between', state: 'closed' },
    ])
    expect(leftOf(folder)).toEqual(nothing)
  })

  test('lists a folder, with kinds, modes, owners and times, and what a link points to', async () => {
    const { entries, volume } = await json('files', 'disk:latest', 'vg-a/root/home/anna')
    expect(volume).toBe('vg-a/root')
    const named = Object.fromEntries(entries.map((entry: { name: string }) => [entry.name, entry]))
    expect(Object.keys(named)).toEqual(['absolute', 'deep', 'letter', 'numbers', 'outwards', 'relative'])
    expect(named.letter).toMatchObject({ kind: 'file', sizeBytes: 6, uid: 1234, gid: 4321, mode: '0644' })
    expect(named.letter.modified).toBe('2001-02-03T04:05:06.123Z')
    expect(named.absolute).toMatchObject({ kind: 'link', linkTarget: '/etc/passwd' })
  })

  test('follows links inside of the volume and never out of it', async () => {
    // /etc is not on the volume, but on this computer.
    for (const path of ['p1/home/anna/outwards', 'p1/home/anna/absolute', 'p1/../../etc']) {
      expect((await run('files', 'disk:latest', path)).code).toBe(66)
    }
    expect((await json('files', 'disk:latest', 'p1/home/anna/relative')).entries).toMatchObject([{ name: 'letter' }])
  })

  for (const volume of ['p1', 'p2', 'p3', 'vg-a/root']) {
    test(`gives ${volume} back as it was: content, owners, modes, times, attributes and links`, async () => {
      const { code, stderr } = await run(
        'extract',
        'disk:latest',
        volume,
        join(folder, `out-${volume.replace('/', '-')}`),
      )
      expect(code, stderr).toBe(0)
      const name = volume.replace('/', '-')
      expect(manifestOf(join(folder, `out-${name}`, name))).toBe(manifests[volume])
      expect(leftOf(folder)).toEqual(nothing)
    })
  }

  describe('into a folder that holds such files already', () => {
    const fresh = (name: string) => {
      const place = join(folder, name)
      mkdirSync(join(place, 'anna/deep'), { recursive: true })
      writeFileSync(join(place, 'anna/letter'), 'mine')
      writeFileSync(join(place, 'anna/other'), 'mine too')
      return place
    }

    test('nothing is copied, and it says what is in the way', async () => {
      const place = fresh('refused')
      const { code, stderr } = await run('extract', 'disk:latest', 'p1/home/anna', place)
      expect(code).toBe(73)
      expect(stderr).toContain('anna/letter')
      expect(readFileSync(join(place, 'anna/letter'), 'utf8')).toBe('mine')
      expect(readdirSync(join(place, 'anna')).sort()).toEqual(['deep', 'letter', 'other'])
    })

    test('a dry run lists what would be replaced and changes nothing', async () => {
      const place = fresh('dry')
      const result = await json('extract', 'disk:latest', 'p1/home/anna', place, '--force', '--dry-run')
      expect(result).toMatchObject({ replaced: ['anna/letter'], extracted: ['anna'], dryRun: true })
      expect(readFileSync(join(place, 'anna/letter'), 'utf8')).toBe('mine')
    })

    test('with --force they are replaced, and others stay', async () => {
      const place = fresh('forced')
      const result = await json('extract', 'disk:latest', 'p1/home/anna', place, '--force')
      expect(result).toMatchObject({ replaced: ['anna/letter'], problems: [] })
      expect(readFileSync(join(place, 'anna/letter'), 'utf8')).toBe('hello\n')
      expect(readFileSync(join(place, 'anna/other'), 'utf8')).toBe('mine too')
      expect(readdirSync(place)).toEqual(['anna'])
    })

    test('with --keep-both the new ones get other names', async () => {
      const place = fresh('both')
      const result = await json('extract', 'disk:latest', 'p1/home/anna', place, '--keep-both')
      expect(result).toMatchObject({ extracted: ['anna (2)'], replaced: [] })
      expect(readFileSync(join(place, 'anna/letter'), 'utf8')).toBe('mine')
      expect(readFileSync(join(place, 'anna (2)/letter'), 'utf8')).toBe('hello\n')
    })

    test('a link there that leads elsewhere is replaced and not followed', async () => {
      const elsewhere = join(folder, 'elsewhere')
      mkdirSync(elsewhere)
      const place = join(folder, 'linked')
      mkdirSync(place)
      symlinkSync(elsewhere, join(place, 'anna'))
      const { code } = await run('extract', 'disk:latest', 'p1/home/anna', place, '--force')
      expect(code).toBe(0)
      expect(readdirSync(elsewhere)).toEqual([])
      expect(readFileSync(join(place, 'anna/letter'), 'utf8')).toBe('hello\n')
    })
  })

  test('works with a state folder whose path is too long for sockets', async () => {
    const long = join(folder, 'x'.repeat(120))
    const { code, stdout, stderr } = await holdfast(['files', 'disk:latest', 'p1', '--json'], {
      env: { ...env, HOLDFAST_STATE_DIR: long },
    })
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout).entries.length).toBeGreaterThan(5)
    expect(readdirSync(join(long, 'attachments'))).toEqual([])
    expect(readdirSync(tmpdir()).filter(name => /^holdfast-[0-9a-f]{8}$/.test(name))).toEqual([])
  })

  test('says what it cannot find, and names the volumes', async () => {
    const unknown = await run('files', 'disk:latest', 'p9/etc')
    expect(unknown.code).toBe(66)
    expect(unknown.stderr).toContain('p1, p2, p3, vg-a/root')
    expect((await run('extract', 'disk:latest', 'p1/nowhere', join(folder, 'none'))).code).toBe(66)
    expect((await run('extract', 'disk:latest', 'p1/home', join(folder, 'no/such/folder'))).code).toBe(66)
    expect((await run('extract', 'disk:latest', 'p1/home')).code).toBe(64)
    expect(leftOf(folder)).toEqual(nothing)
  })

  describe('mounted', () => {
    const place = () => join(folder, 'mnt')
    let running: RunningHoldfast | undefined
    const start = async (shown: string) => {
      running = startHoldfast(['mount', 'disk:latest', place()], { env })
      await expect.poll(() => existsSync(join(place(), shown)), { timeout: 60_000 }).toBe(true)
      return running
    }
    // What a failed test leaves mounted would be in the way of all that follows.
    afterEach(async () => {
      running?.process.kill('SIGTERM')
      await running?.result
    })

    test('is there until it is unmounted by another process', async () => {
      mkdirSync(place())
      const mounted = await start('vg-a/root/home/anna/letter')
      expect(manifestOf(join(place(), 'p1'))).toBe(manifests.p1)
      expect(() => writeFileSync(join(place(), 'p1/new'), '')).toThrow('EROFS')
      const options = leftOf(folder)
        .mounts.filter(line => line.includes('/mnt/'))
        .map(line => line.split(' ')[3])
      expect(options).toHaveLength(4)
      for (const option of options) expect(option).toMatch(/^ro,nosuid,nodev,noexec/)

      const unmounted = await run('unmount', place())
      expect(unmounted.code, unmounted.stderr).toBe(0)
      expect((await mounted.result).code).toBe(0)
      expect(readdirSync(place())).toEqual([])
      expect(leftOf(folder)).toEqual(nothing)
      expect((await run('unmount', place())).code).toBe(66)
    })

    test('goes away when its process is asked to end', async () => {
      const mounted = await start('p1/home/anna/letter')
      mounted.process.kill('SIGTERM')
      await mounted.result
      expect(readdirSync(place())).toEqual([])
      expect(leftOf(folder)).toEqual(nothing)
    })

    test('and killed is taken away by the next command', async () => {
      const mounted = await start('vg-a/root/home/anna/letter')
      mounted.process.kill('SIGKILL')
      await mounted.result
      expect(leftOf(folder).records).not.toEqual([])
      expect(leftOf(folder).mounts).not.toEqual([])
      expect((await run('files', 'disk:latest')).code).toBe(0)
      expect(leftOf(folder)).toEqual(nothing)
      expect(readdirSync(place())).toEqual([])
    })

    test('needs an empty folder that exists', async () => {
      expect((await run('mount', 'disk:latest', join(folder, 'missing'))).code).toBe(66)
      expect((await run('mount', 'disk:latest', folder)).code).toBe(78)
    })
  })
})
