import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
// @ts-expect-error: a script without types
import { buildRenderer } from '../../../scripts/build.mjs'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder with the screens as they are built. */
    pagesDir: string
  }
}

/** Builds the screens once for all tests of the lane. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-pages-'))
  await buildRenderer(folder)
  project.provide('pagesDir', folder)
  return () => rm(folder, { recursive: true, force: true })
}
