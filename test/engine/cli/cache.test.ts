import { join } from 'node:path'
import { expect, it } from 'vitest'
import { defaultCacheLimitBytes, localCache } from '../../../engine/storage/cache/localCache.ts'
import { runInProcess } from '../../support/cliWorld.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const temporary = useTemporaryFolder()

async function holdfast(...args: string[]) {
  const { stdout, code } = await runInProcess([...args, '--json'], {
    env: { HOLDFAST_STATE_DIR: join(temporary.path, 'state') },
  })
  return { code, ...JSON.parse(stdout) }
}

it('the cache is shown, limited for all who use it, and cleared', async () => {
  const stateDir = join(temporary.path, 'state')
  const cache = localCache(stateDir)
  const id = (index: number) => ({ place: 'sftp://server/a', name: 'packs/00/a', index })
  for (let index = 0; index < 8; index++) await cache.write(id(index), Buffer.alloc(256 * 1024))
  const shown = await holdfast('cache')
  expect(shown).toMatchObject({ code: 0, path: join(stateDir, 'cache'), limitBytes: defaultCacheLimitBytes })
  expect(shown.bytes).toBeGreaterThan(8 * 256 * 1024)
  const smaller = await holdfast('cache', '--size', '1M')
  expect(smaller.limitBytes).toBe(1024 * 1024)
  expect(smaller.bytes).toBeLessThanOrEqual(1024 * 1024)
  expect(smaller.bytes).toBeGreaterThan(0)
  expect(await holdfast('cache', '--clear')).toMatchObject({ code: 0, bytes: 0, limitBytes: 1024 * 1024 })
  expect(await holdfast('cache', '--size', '0')).toMatchObject({ bytes: 0, limitBytes: 0 })
  await localCache(stateDir).write(id(1), Buffer.from('x'))
  expect(await localCache(stateDir).usage()).toEqual({ bytes: 0, files: 0 })
})

it('a size that is none is refused', async () => {
  const { code } = await runInProcess(['cache', '--size', 'much'], {
    env: { HOLDFAST_STATE_DIR: join(temporary.path, 'state') },
  })
  expect(code).toBe(64)
})
