import { expect, it } from 'vitest'
import { freeForeignMemory, freeWith } from '../../../engine/base/linux/foreignMemory.ts'
import { collectGarbage } from '../../support/collectGarbage.ts'

it('of a library is freed with its owner, or at the end, and never twice', async () => {
  const freed: string[] = []
  const own = (name: string): object => {
    const owner = { name }
    freeWith(owner, () => freed.push(name))
    return owner
  }
  const keptOwner = own('kept')
  own('dropped')
  await collectGarbage()
  expect(freed).toEqual(['dropped'])
  freeForeignMemory()
  expect(freed).toEqual(['dropped', 'kept'])
  freeForeignMemory()
  expect(keptOwner).toEqual({ name: 'kept' })
  await collectGarbage()
  expect(freed).toEqual(['dropped', 'kept'])
})
