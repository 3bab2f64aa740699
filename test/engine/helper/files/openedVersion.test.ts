import { expect, test } from 'vitest'
import { HoldfastError } from '../../../../engine/contract/errors.ts'
import type { AttachedVolume } from '../../../../engine/files/attachedVersion.ts'
import { OpenedVersion } from '../../../../engine/helper/files/attacher.ts'

const volume = (name: string, state: 'ready' | 'locked' = 'ready'): AttachedVolume => ({
  ...{ name, kind: state === 'locked' ? 'crypto_LUKS' : 'ext4', label: null, sizeBytes: 4096, usedBytes: null },
  ...{ purpose: null, state, why: null },
  place: { kind: 'segments', segments: [] },
  base: { path: '/dev/loop9', isDevice: true },
})

/** A disk with p1, and p2, in which there is a volume group behind a passphrase. */
const opened = () =>
  new OpenedVersion(
    { id: '1111111111111111', name: 'disk', date: '2026-01-01T00:00:00.000Z' },
    {
      volumes: [volume('p1'), volume('p2', 'locked'), volume('p3')],
      async unlock(_, passphrase) {
        if (passphrase !== 'open') throw new HoldfastError('files.wrongPassphrase', 'It does not fit.')
        return [volume('p2/vg/root'), volume('p2/vg/home')]
      },
      open: async ({ name }) => ({ root: `/mnt/${name}`, note: null }),
    },
    async () => undefined,
  )
const namesOf = (version: OpenedVersion) => version.volumes().map(({ name }) => name)

test('what is inside of an encrypted volume takes its place, once its passphrase is given', async () => {
  const version = opened()
  await expect(version.root('p2')).rejects.toMatchObject({ code: 'files.locked' })
  await expect(version.unlock('p2', 'shut')).rejects.toMatchObject({ code: 'files.wrongPassphrase' })
  expect(namesOf(version)).toEqual(['p1', 'p2', 'p3'])
  await version.unlock('p2', 'open')
  expect(namesOf(version)).toEqual(['p1', 'p2/vg/root', 'p2/vg/home', 'p3'])
  expect(await version.root('p2/vg/home')).toBe('/mnt/p2/vg/home')
  await expect(version.unlock('p2', 'open')).rejects.toMatchObject({ code: 'files.volumeNotFound' })
})

test('a volume that is open already needs no passphrase, and where it lies on the disk is told to nobody', async () => {
  const version = opened()
  await version.unlock('p1', 'anything')
  expect(version.volumes()[0]).not.toHaveProperty('place')
  expect(version.volumes()[0]).not.toHaveProperty('base')
  await expect(version.root('p9')).rejects.toMatchObject({ code: 'files.volumeNotFound' })
})
