import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** An empty folder for each test, removed after it. Read `path` inside a test only. */
export function useTemporaryFolder(): { readonly path: string } {
  const folder = { path: '' }
  beforeEach(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'holdfast-'))
  })
  afterEach(() => rm(folder.path, { recursive: true, force: true }))
  return folder
}
