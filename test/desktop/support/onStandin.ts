import { it } from 'vitest'
import { target } from './desktop.ts'

/** A test that looks into what only the stand-in records. */
export function itOnStandin(title: string, test: () => Promise<void>): void {
  it(title, context => {
    if (target.kind !== 'standin') return context.skip('only the stand-in for Electron records this')
    return test()
  })
}
