import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hrefOf, parseRoute, screenNames } from '../../renderer/src/app/routes.ts'

describe('a route', () => {
  it('leads back to what it was made of', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...screenNames),
        fc.array(fc.string({ minLength: 1 })),
        fc.dictionary(
          fc.string({ minLength: 1 }).filter(key => key !== '__proto__'),
          fc.string(),
          { noNullPrototype: true },
        ),
        (screen, path, query) => {
          expect(parseRoute(hrefOf(screen, path, query))).toEqual({ screen, path, query })
        },
      ),
    )
  })

  it.each(['', '#', '#/', '#/nowhere/1', 'javascript:alert(1)', '//evil.example', '#/%E0%A4%A'])(
    'that is none leads home: %s',
    hash => {
      expect(parseRoute(hash)).toEqual({ screen: 'home', path: [], query: {} })
    },
  )

  it('may come without the sign in front, as from the tray', () => {
    expect(parseRoute('/versions/12?tab=files')).toEqual({ screen: 'versions', path: ['12'], query: { tab: 'files' } })
  })
})
