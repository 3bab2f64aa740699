import { expect, it } from 'vitest'
import { damageAbout } from '../../../engine/helper/damageAbout.ts'
import { names } from '../../../engine/repository/format.ts'

const id = '4f2a8c3be1d64f0c9a7e5b2d1c0f9e8d'

it('tells what a finding of a check is about', () => {
  const kind = (object: string | null, block: string | null = null) => damageAbout({ object, block }).kind
  expect(kind(names.pack(id), id)).toBe('block')
  expect(kind(names.pack(id))).toBe('pack')
  expect(kind(names.segment(id))).toBe('index')
  expect(kind(null, id)).toBe('lost')
  expect([names.version(id), names.copy(names.version(id))].map(object => kind(object))).toEqual(['record', 'record'])
  const small = [names.config, names.copy(names.config), names.key('12'), names.mark(id), names.copy(names.mark(id))]
  expect(small.map(object => kind(object))).toEqual(small.map(() => 'small'))
})
