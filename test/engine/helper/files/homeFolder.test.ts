import { describe, expect, it } from 'vitest'
import type { RunSystemProgram } from '../../../../engine/base/systemPrograms.ts'
import { fromHome } from '../../../../engine/helper/files/homeFolder.ts'

const { signal } = new AbortController()
const own = { uid: 0, home: '/root' }

/** getent(1), which knows one person, with odd signs in her full name. */
const run = (async (program: string, args: readonly string[]) => {
  const isAnna = program === 'getent' && args.join(' ') === 'passwd 1000'
  const line = 'anna:x:1000:1000:Anna, „A.“:/home/anna/:/bin/bash\n'
  return { exitCode: isAnna ? 0 : 2, stdout: Buffer.from(isAnna ? line : ''), stderr: '' }
}) as RunSystemProgram
const parts = { signal, run, own }

describe('a folder that somebody names', () => {
  it('is below their home when it begins with ~/', async () => {
    expect(await fromHome('~/Restored from 25 November', { uid: 1000, gid: 1000 }, parts)).toBe(
      '/home/anna/Restored from 25 November',
    )
    expect(await fromHome('~/x', { uid: 0, gid: 0 }, parts)).toBe('/root/x')
    expect(await fromHome('~/x', null, { ...parts, own: { uid: 1000, home: '/srv/anna' } })).toBe('/srv/anna/x')
  })

  it.each(['/home/anna', '~', '~anna/x', 'x', ''])('stays as it is otherwise: %s', async folder => {
    expect(await fromHome(folder, { uid: 1000, gid: 1000 }, parts)).toBe(folder)
  })

  it('is refused when nobody knows their home', async () => {
    await expect(fromHome('~/x', { uid: 1001, gid: 1001 }, parts)).rejects.toMatchObject({ code: 'usage.invalid' })
    const nowhere = { ...parts, own: { uid: 1000, home: '/' } }
    await expect(fromHome('~/x', null, nowhere)).rejects.toMatchObject({ code: 'usage.invalid' })
  })
})
