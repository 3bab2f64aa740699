import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
// @ts-expect-error: a script without types
import { buildDesktop } from '../../../scripts/build.mjs'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder with main/ and preload/ as they are built. */
    desktopBuild: string
  }
}

/** Builds main and preload once for all tests of the lane. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-desktop-'))
  await buildDesktop(folder)
  project.provide('desktopBuild', folder)
  return () => rm(folder, { recursive: true, force: true })
}
