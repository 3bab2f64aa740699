import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jobSettingsSchema } from '../../engine/contract/jobs.ts'
import { parseRetentionPolicy } from '../../engine/maintenance/retentionPolicy.ts'
import { policyOfLevel } from '../../renderer/src/screens/settings/retentionLevels.ts'
import {
  bytesToRead,
  chosenDevices,
  chosenInUse,
  coverage,
  type Draft,
  draftBytes,
  emptyDraft,
  estimateMs,
  freeName,
  jobOf,
  placesOn,
  preselect,
  type Rhythm,
  scheduleOf,
  versionNames,
  wordsToAsk,
} from '../../renderer/src/screens/wizard/draft.ts'
import { passphraseBits, strengthOf } from '../../renderer/src/screens/wizard/strength.ts'
import { externalDevices, GB, internalDevices, usedShare } from './fake/devices.ts'
import { volumeDevices, volumeInventory } from './fake/volumes.ts'

const devices = [...internalDevices, ...externalDevices]
const inventory = { devices }
const named = (path: string) => devices.find(device => device.path === path)!
const usedOf = ({ id, sizeBytes }: { id: string; sizeBytes: number }) => {
  const share = usedShare[id]
  return share === undefined ? undefined : sizeBytes * share
}
const draft: Draft = { ...emptyDraft, ...preselect(inventory), name: 'This computer' }

describe('what is chosen at first', () => {
  it('is the whole computer: plain disks whole, every part of layered ones, and no drive that comes and goes', () => {
    expect(chosenDevices(draft, inventory).map(({ path }) => path)).toEqual([
      '/dev/nvme0n1p1',
      '/dev/nvme0n1p2',
      '/dev/mapper/laptop-home',
      '/dev/mapper/laptop-root',
      '/dev/sda',
    ])
  })

  it('covers what lies on a disk that is chosen as a whole', () => {
    const isCovered = coverage(draft, inventory)
    expect(isCovered(named('/dev/sda1'))).toBe(true)
    expect(isCovered(named('/dev/sdb1'))).toBe(false)
    expect(isCovered(named('/dev/mapper/laptop-swap'))).toBe(false)
  })

  it('asks about what can only be read while it is in use, and about nothing that LVM can hold still', () => {
    expect(chosenInUse(draft, inventory).map(({ path }) => path)).toContain('/dev/sda')
    const server = { devices: volumeDevices(), lvm: volumeInventory() }
    const serverDraft: Draft = { ...emptyDraft, ...preselect(server) }
    expect(chosenDevices(serverDraft, server).map(({ path }) => path)).toEqual([
      '/dev/nvme0n1p1',
      '/dev/mapper/vg0-home',
      '/dev/mapper/vg0-www',
      '/dev/mapper/vg0-root',
      '/dev/mapper/vgdata-archive',
      '/dev/mapper/vgdata-scratch',
      '/dev/md0',
    ])
    expect(chosenInUse(serverDraft, server).map(({ path }) => path)).toEqual([
      '/dev/nvme0n1p1',
      '/dev/mapper/vgdata-archive',
      '/dev/md0',
    ])
  })

  it('reads what is used, not what a disk could hold', () => {
    expect(bytesToRead(named('/dev/sda'), devices, usedOf)).toBe(4000 * GB * 0.52)
    expect(bytesToRead(named('/dev/nvme0n1p3'), devices, usedOf)).toBe(998 * GB)
    expect(draftBytes(draft, inventory, usedOf)).toMatchObject({ count: 5 })
  })

  it('takes between a fast and a slow while', () => {
    expect(estimateMs(60_000_000 * 60 * 10)).toEqual({ from: 180_000, to: 600_000 })
    expect(estimateMs(0)).toEqual({ from: 60_000, to: 60_000 })
  })
})

describe('places', () => {
  it('are never on a disk that is backed up, nor on the one of the system', () => {
    const found = placesOn(draft, inventory).map(({ device, refusal }) => [device.path, refusal])
    expect(found).toEqual([
      ['/dev/sda1', 'isSource'],
      ['/dev/sdb1', null],
    ])
  })

  it('need a file system and may not be read-only', () => {
    const refusalWith = (facts: Partial<(typeof devices)[number]>) => {
      const changed = devices.map(device => (device.path === '/dev/sdb1' ? { ...device, ...facts } : device))
      return placesOn(draft, { devices: changed }).find(({ device }) => device.path === '/dev/sdb1')?.refusal
    }
    expect(refusalWith({ fileSystem: null })).toBe('noFileSystem')
    expect(refusalWith({ fileSystem: { type: 'crypto_LUKS', label: null, uuid: null } })).toBe('noFileSystem')
    expect(refusalWith({ readOnly: true })).toBe('readOnly')
  })
})

describe('the job that comes of it', () => {
  const sourceShape = jobSettingsSchema.shape.sources.element.shape.name

  it('is one that the contract accepts, with every rhythm', () => {
    for (const rhythm of ['dailyDrive', 'daily', 'hourly', 'weekly', 'manual'] satisfies Rhythm[]) {
      const settings = jobOf({ ...draft, rhythm }, inventory, [], ['0123456789abcdef'])
      const { sources, ...rest } = settings
      const whole = { ...rest, sources: sources.map(({ name }) => ({ path: '/x', name })) }
      expect(jobSettingsSchema.safeParse(whole).error).toBeUndefined()
    }
    expect(scheduleOf({ ...draft, rhythm: 'manual' })).toBeNull()
  })

  it('reads disks while they are in use only if somebody has agreed to that, and there are any', () => {
    const settings = (chosen: Draft) => jobOf(chosen, inventory, [], ['0123456789abcdef'])
    expect(settings(draft).whileInUse).toBe(false)
    const agreed = { ...draft, readInUse: chosenInUse(draft, inventory).map(({ id }) => id) }
    expect(settings(agreed).whileInUse).toBe(true)
    expect(settings({ ...agreed, disks: {}, parts: [] }).whileInUse).toBe(false)
  })

  it('keeps by rules that the engine can read', () => {
    for (const policy of Object.values(policyOfLevel))
      if (policy !== null) expect(() => parseRetentionPolicy(policy)).not.toThrow()
  })

  it('has names that versions may have, none of them twice', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.string()), (titles, taken) => {
        const names = versionNames(titles, taken)
        expect(new Set([...names, ...taken]).size).toBe(names.length + new Set(taken).size)
        for (const name of names) expect(sourceShape.safeParse(name).success, name).toBe(true)
      }),
    )
    expect(versionNames(['Größe & Gewicht', 'root', 'root', '…'], ['root'])).toEqual([
      'Grosse-Gewicht',
      'root-2',
      'root-3',
      'source',
    ])
  })

  it('and its destination get names that are free', () => {
    expect(freeName('T7', ['T7', 'T7 2'])).toBe('T7 3')
  })
})

describe('the words that are asked for', () => {
  it('are two different ones of the sheet, in its order', () => {
    const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(anyRandom, anyRandom, (a, b) => {
        const numbers = [a, b]
        const [first, second] = wordsToAsk(() => numbers.shift()!)
        expect(first).toBeGreaterThanOrEqual(0)
        expect(second).toBeGreaterThan(first)
        expect(second).toBeLessThan(24)
      }),
    )
  })
})

describe('the strength of a passphrase', () => {
  it.each([
    '',
    '12345678',
    'password',
    'P4ssw0rd1',
    'qwertyuiop',
    'aaaaaaaaaaaaaaaa',
    'Holdfast2026',
    'sommer 2024',
    'abababababab',
    '19.04.1984',
    'test test test test',
  ])('is too little: %s', text => {
    expect(strengthOf(text)).toBeLessThan(2)
  })

  it.each(['violet harbour seldom copper', 'Tr0ub4dor&3xylophon!', 'kQ7#mvP2xz9', 'Esel Kamin Distel Wolke'])(
    'is enough: %s',
    text => {
      expect(strengthOf(text)).toBeGreaterThanOrEqual(2)
    },
  )

  it('never falls much when a word is added', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('violet', 'harbour', 'xk9'), (text, word) => {
        expect(passphraseBits(`${text} ${word}`)).toBeGreaterThanOrEqual(passphraseBits(text))
      }),
    )
  })
})
