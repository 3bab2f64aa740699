import { describe, expect, test } from 'vitest'
import type { Volume } from '../../../engine/contract/files.ts'
import { chooseVolume } from '../../../engine/files/chooseVolume.ts'
import { type MountFacts, mountAttempts } from '../../../engine/files/mountAttempts.ts'

const volume = (name: string, state: Volume['state'] = 'ready'): Volume => ({
  name,
  kind: 'ext4',
  label: null,
  sizeBytes: 1,
  usedBytes: null,
  purpose: null,
  state,
  why: null,
})
const choose = (names: readonly Volume[], path: string, within?: string) => {
  const choice = chooseVolume(names, path, within)
  return choice.kind === 'path' ? `${choice.volume.name}:${choice.path}` : choice.volumes.map(({ name }) => name)
}

describe('a path in a version', () => {
  const several = [volume('p1'), volume('p2', 'closed'), volume('vg/root'), volume('vg/home')]

  test('begins with the name of a volume', () => {
    expect(choose(several, 'p1/etc/passwd')).toBe('p1:etc/passwd')
    expect(choose(several, '/vg/root/etc')).toBe('vg/root:etc')
    expect(choose(several, 'vg/root')).toBe('vg/root:')
    // A volume that cannot be opened is meant all the same; opening it says why not.
    expect(choose(several, 'p2/x')).toBe('p2:x')
  })

  test('without any names all volumes, and with a group those in it', () => {
    expect(choose(several, '')).toEqual(['p1', 'p2', 'vg/root', 'vg/home'])
    expect(choose(several, 'vg')).toEqual(['vg/root', 'vg/home'])
  })

  test('needs no volume where only one can be opened', () => {
    const one = [volume('p1', 'closed'), volume('p2')]
    expect(choose(one, 'etc')).toBe('p2:etc')
    expect(choose(one, '')).toBe('p2:')
    expect(choose(one, 'p2/etc')).toBe('p2:etc')
  })

  test('goes on inside of an encrypted volume, with or without its name', () => {
    const inside = [volume('p3/vg/root'), volume('p3/vg/home')]
    expect(choose(inside, 'vg/root/etc', 'p3')).toBe('p3/vg/root:etc')
    expect(choose(inside, '', 'p3')).toEqual(['p3/vg/root', 'p3/vg/home'])
    expect(choose([volume('p3')], 'etc', 'p3')).toBe('p3:etc')
  })

  test('that fits no volume names those that there are', () => {
    expect(() => choose(several, 'p7/etc')).toThrow(
      expect.objectContaining({
        code: 'files.volumeNotFound',
        advice: expect.stringContaining('p1, vg/root, vg/home'),
      }),
    )
  })
})

describe('mounting', () => {
  const facts: MountFacts = { kind: 'ext4', isDirty: false, canOverlay: true, isInUseHere: false }
  const ways = (more: Partial<MountFacts>) => mountAttempts({ ...facts, ...more })

  test('never lets anything on a backup gain rights or be written', () => {
    for (const kind of ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'ntfs', 'vfat', 'exfat']) {
      for (const isDirty of [true, false, null]) {
        for (const canOverlay of [true, false]) {
          const all = ways({ kind, isDirty, canOverlay })
          expect(all.length).toBeGreaterThan(0)
          for (const { options } of all) expect(options.slice(0, 4)).toEqual(['ro', 'nosuid', 'nodev', 'noexec'])
        }
      }
    }
    expect(ways({ kind: 'zfs_member' })).toEqual([])
  })

  test('replays a journal on an overlay, and does without where there is none', () => {
    const dirty = ways({ isDirty: true })
    expect(dirty.map(({ onOverlay, options }) => [onOverlay, options.includes('noload')])).toEqual([
      [true, false],
      [false, true],
    ])
    expect(dirty[0]!.note).toBeNull()
    expect(dirty[1]!.note).toContain('last')
    expect(ways({ isDirty: false })).toMatchObject([{ onOverlay: false, note: null }])
    expect(ways({ kind: 'xfs', isDirty: null, canOverlay: false })).toMatchObject([
      { options: expect.arrayContaining(['norecovery', 'nouuid']), onOverlay: false },
    ])
  })

  test('never brings two of one btrfs together', () => {
    expect(ways({ kind: 'btrfs', isInUseHere: true })).toMatchObject([{ newIdentity: true, onOverlay: true }])
    expect(ways({ kind: 'btrfs', isInUseHere: true, canOverlay: false })).toEqual([])
    expect(ways({ kind: 'btrfs', canOverlay: false })).toMatchObject([{ newIdentity: false, onOverlay: false }])
  })
})
