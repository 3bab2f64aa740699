import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, inject } from 'vitest'
import { Desktop } from './desktop.ts'

/** An app for all tests of a group, which start it themselves; it and its helper are ended and removed after them. */
export function useDesktop(begin: (desktop: Desktop) => Promise<unknown>): { readonly it: Desktop } {
  const holder: { it: Desktop } = { it: undefined as unknown as Desktop }
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
    holder.it = await Desktop.make(folder, inject('desktopBuild'))
    await begin(holder.it)
  })
  afterAll(async () => {
    await holder.it?.end()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return holder
}
