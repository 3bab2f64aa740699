import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../../engine/contract/errors.ts'
import { checkTarget, type TargetFacts } from '../../../engine/targets/checks.ts'

const GiB = 2 ** 30
const device: TargetFacts = {
  path: '/dev/sdb',
  kind: 'device',
  folderExists: true,
  sizeBytes: 10 * GiB,
  deviceId: '8:16',
  readOnly: undefined,
  mounts: [],
  swaps: [],
  holders: [],
  claimed: false,
  systemUses: [],
  repositories: [],
  isSource: false,
}
const file: TargetFacts = { ...device, path: '/data/disk.img', kind: 'file', deviceId: undefined, sizeBytes: GiB }
const missing: TargetFacts = { ...file, kind: 'missing', sizeBytes: 0 }

const request = { versionSizeBytes: 10 * GiB, force: false }
const forced = { ...request, force: true }
const codes = (facts: TargetFacts, asked = forced) => checkTarget(facts, asked).map(({ code }) => code)

describe('a target', () => {
  it('that is a new file in a folder that exists may be written', () => {
    expect(codes(missing, request)).toEqual([])
  })

  it('in a folder that does not exist is not found', () => {
    expect(codes({ ...missing, folderExists: false }, request)).toEqual(['target.notFound'])
  })

  it('that is neither file nor device is not supported, force or not', () => {
    for (const asked of [request, forced]) {
      expect(codes({ ...file, kind: 'other' }, asked)).toEqual(['target.unsupported'])
    }
  })

  it.each([
    ['a device', device],
    ['a file', file],
  ])('that is %s needs force, and nothing else', (_, facts) => {
    const [refusal, ...others] = checkTarget(facts, request)
    expect(others).toEqual([])
    expect(refusal).toMatchObject({ code: 'target.exists', overridable: 'force' })
    expect(refusal?.message).toContain(facts.path)
    expect(codes(facts, forced)).toEqual([])
  })

  it('that is a device must be as large as the version; a file may be smaller or larger', () => {
    const size = (facts: TargetFacts, sizeBytes: number) => codes({ ...facts, sizeBytes })
    expect(size(device, 10 * GiB)).toEqual([])
    expect(size(device, 11 * GiB)).toEqual([])
    expect(size(device, 10 * GiB - 1)).toEqual(['target.tooSmall'])
    expect(size(file, 0)).toEqual([])
    expect(size(file, 20 * GiB)).toEqual([])
  })

  it.each<[string, Partial<TargetFacts>, string[], string]>([
    [
      'is mounted',
      { mounts: [{ point: '/mnt/a' }, { point: '/mnt/b' }], claimed: true },
      ['target.mounted'],
      'is mounted at /mnt/a, /mnt/b.',
    ],
    [
      'has a part that is mounted',
      { mounts: [{ point: '/mnt/a', part: '/dev/sdb1' }], claimed: true },
      ['target.mounted'],
      '/dev/sdb1 on ',
    ],
    ['is swap', { swaps: ['/dev/sdb2'], claimed: true }, ['target.inUse'], 'swap /dev/sdb2'],
    [
      'holds a volume',
      { holders: [{ kind: 'lvm', path: '/dev/mapper/vg-data' }], claimed: true },
      ['target.inUse'],
      'the logical volume /dev/mapper/vg-data',
    ],
    ['is held by somebody unknown', { claimed: true }, ['target.inUse'], 'another program'],
    ['is the disk of the system', { systemUses: ['/boot', 'swap'] }, ['target.systemDisk'], '/boot, swap'],
    ['is the source', { isSource: true }, ['target.isSource'], 'being read'],
    ['holds a repository', { repositories: ['/backup'] }, ['target.holdsRepository'], '/backup'],
    ['is write-protected', { readOnly: 'device' }, ['target.readOnly'], 'write-protected'],
    ['lies on a read-only file system', { readOnly: 'file system' }, ['target.readOnly'], 'file system is read-only'],
    ['may not be written by the user', { readOnly: 'permission' }, ['target.readOnly'], 'this user'],
  ])('that %s is refused although forced, and the reason is named', (_, facts, expected, words) => {
    for (const base of [device, file]) {
      const refusals = checkTarget({ ...base, ...facts }, forced)
      expect(refusals.map(({ code }) => code)).toEqual(expected)
      expect(refusals[0]?.message).toContain(base.path)
      expect(refusals[0]?.message).toContain(words)
      expect(refusals[0]?.overridable).toBe(false)
    }
  })

  it('that is wrong in several ways hears of all of them, the gravest first', () => {
    const facts: TargetFacts = {
      ...device,
      sizeBytes: 1,
      mounts: [{ point: '/' }],
      systemUses: ['/'],
      swaps: ['/dev/sdb2'],
      repositories: ['/backup'],
      isSource: true,
      readOnly: 'device',
    }
    expect(codes(facts, request)).toEqual([
      'target.systemDisk',
      'target.isSource',
      'target.holdsRepository',
      'target.mounted',
      'target.inUse',
      'target.readOnly',
      'target.tooSmall',
      'target.exists',
    ])
  })

  it('is never written for force alone: force takes away what exists, and nothing more', () => {
    const anyFacts: fc.Arbitrary<TargetFacts> = fc.record({
      path: fc.constant('/x'),
      kind: fc.constantFrom('missing', 'file', 'device', 'other'),
      folderExists: fc.boolean(),
      sizeBytes: fc.nat(20),
      deviceId: fc.constant(undefined),
      readOnly: fc.constantFrom(undefined, 'device', 'file system', 'permission'),
      mounts: fc.subarray([{ point: '/a' }]),
      swaps: fc.subarray(['/b']),
      holders: fc.subarray([{ kind: 'lvm' as const, path: '/c' }]),
      claimed: fc.boolean(),
      systemUses: fc.subarray(['/']),
      repositories: fc.subarray(['/d']),
      isSource: fc.boolean(),
    })
    fc.assert(
      fc.property(anyFacts, facts => {
        const plain = checkTarget(facts, { versionSizeBytes: 10, force: false })
        const insisted = checkTarget(facts, { versionSizeBytes: 10, force: true })
        expect(insisted).toEqual(plain.filter(({ overridable }) => overridable === false))
        for (const refusal of plain) {
          expect(errorCodes).toContain(refusal.code)
          expect(refusal.message).toMatch(/\.$/)
          expect(refusal.advice).toMatch(/\.$/)
          expect(refusal.overridable).toBe(refusal.code === 'target.exists' ? 'force' : false)
        }
      }),
    )
  })
})
