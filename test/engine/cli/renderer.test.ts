import { mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rendererFolder } from '../../../engine/cli/ui/renderer.ts'
import { isHoldfastError } from '../../../engine/contract/errors.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const modules = join(import.meta.dirname, '../../../node_modules')

async function checkout(): Promise<string> {
  const root = join(folder.path, 'checkout')
  await mkdir(join(root, 'renderer'), { recursive: true })
  await symlink(modules, join(root, 'node_modules'))
  await writeFile(join(root, 'package.json'), '{"type":"module"}')
  await writeFile(
    join(root, 'renderer/vite.config.ts'),
    "export default { root: import.meta.dirname, build: { outDir: '../out/renderer', emptyOutDir: true } }",
  )
  await writeFile(join(root, 'renderer/index.html'), '<!doctype html><title>first</title>')
  return root
}

async function ask(root: string, env: Record<string, string> = {}): Promise<{ path: string; builds: number }> {
  let builds = 0
  const onBuild = () => {
    builds++
  }
  const path = await rendererFolder({ env, signal: new AbortController().signal, onBuild, root })
  return { path, builds }
}

test('a checkout makes its pages when they are missing or older than what they are made of', async () => {
  const root = await checkout()
  const first = await ask(root)
  expect(first).toEqual({ path: join(root, 'out/renderer'), builds: 1 })
  const page = () => readFile(join(first.path, 'index.html'), 'utf8')
  expect(await page()).toContain('first')
  expect((await ask(root)).builds).toBe(0)

  await writeFile(join(root, 'renderer/index.html'), '<!doctype html><title>second</title>')
  // As if the pages had been made a minute before.
  const earlier = new Date(Date.now() - 60_000)
  await utimes(join(first.path, 'index.html'), earlier, earlier)
  expect((await ask(root)).builds).toBe(1)
  expect(await page()).toContain('second')
})

test('pages that cannot be made say why', async () => {
  const root = await checkout()
  await writeFile(join(root, 'renderer/index.html'), '<script type="module" src="./missing.ts"></script>')
  const error = await ask(root).catch((reason: unknown) => reason)
  expect(isHoldfastError(error, 'config.invalid')).toBe(true)
  expect(String(error)).toContain('missing.ts')
})

test('an installed program has its pages beside it, and a folder that is named goes before all', async () => {
  const root = join(folder.path, 'installed')
  await mkdir(root)
  expect(await ask(root)).toEqual({ path: join(root, 'out/renderer'), builds: 0 })
  expect((await ask(await checkout(), { HOLDFAST_PAGES_DIR: '/pages' })).path).toBe('/pages')
})
