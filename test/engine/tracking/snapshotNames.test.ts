import { expect, test } from 'vitest'
import { ownIdentity } from '../../../engine/base/processIdentity.ts'
import { leftoversOf, newSnapshotName } from '../../../engine/tracking/snapshotNames.ts'

const snapshot = (id: string, name: string) => ({ id, name, sizeBytes: 1 })
const kept = { ...snapshot('kept', newSnapshotName('0000000a')), takenAt: '2026-01-31T10:00:00.000Z' }
const dead = snapshot('dead', newSnapshotName('0000000a'))
const elsewhere = snapshot('elsewhere', newSnapshotName('0000000b'))
const renamed = { ...kept, name: 'mine' }

test('what is kept stays, even under another name, and so does what another state folder keeps', () => {
  const record = { kept, making: null }
  expect(leftoversOf([kept, dead, elsewhere], record, '0000000a')).toEqual([dead])
  expect(leftoversOf([renamed, dead], record, '0000000a')).toEqual([dead])
})

test.each(['alive', 'unknown'] as const)('what a process makes that is %s stays', fate => {
  const record = { kept: null, making: { name: dead.name, by: ownIdentity() } }
  expect(leftoversOf([dead], record, '0000000a', () => fate)).toEqual([])
})

test('what a dead process was making goes, also under the name of another owner', () => {
  const record = { kept: null, making: { name: elsewhere.name, by: ownIdentity() } }
  expect(leftoversOf([elsewhere], record, '0000000a', () => 'dead')).toEqual([elsewhere])
})
