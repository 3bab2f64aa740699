import { expect, test } from 'vitest'
import { unneededAfter } from '../../../engine/helper/unneededTracking.ts'
import { makeDestination, makeJob } from '../../support/jobs.ts'

const [one, two] = ['a', 'b'].map(digit => makeDestination({ name: digit, repositoryId: digit.repeat(32) })) as [
  ReturnType<typeof makeDestination>,
  ReturnType<typeof makeDestination>,
]
const volume = { path: '/dev/vg0/root', device: 'c'.repeat(32), name: 'root' }
const image = { path: '/srv/disk.img', name: 'disk' }
const removed = makeJob({ sources: [volume, image], destinations: [one.id, two.id] })

test('a volume that nothing stores any more needs no snapshot; a file has none', () => {
  expect(unneededAfter(removed, [], [one, two])).toEqual([
    { repository: one.repositoryId, path: volume.path },
    { repository: two.repositoryId, path: volume.path },
  ])
})

test('what another job stores in the same repository stays', () => {
  const other = makeJob({ sources: [volume], destinations: [two.id] })
  expect(unneededAfter(removed, [other], [one, two])).toEqual([{ repository: one.repositoryId, path: volume.path }])
  const elsewhere = makeJob({ sources: [{ ...volume, device: 'd'.repeat(32) }], destinations: [two.id] })
  expect(unneededAfter(removed, [elsewhere], [one, two])).toHaveLength(2)
})
