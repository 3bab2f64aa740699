import { mkdir, rm, symlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { type FakeCheckout, fakeCheckout } from '../support/fakeCheckout.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const older = new Date('2020-01-01T00:00:00Z')
let checkout: FakeCheckout

/** What the fake pinned Node says: its compile cache, and each argument in a line. */
const pinnedNode = 'printf "cache %s\\n" "$NODE_COMPILE_CACHE"; printf "<%s>\\n" "$@"; exit 7'

beforeEach(async () => {
  checkout = fakeCheckout(join(folder.path, 'a checkout'))
  await checkout.take('bin/holdfast')
  await checkout.write('package-lock.json', '{}')
  await checkout.write('node_modules/.holdfast-setup', 'stamp')
  await utimes(checkout.path('package-lock.json'), older, older)
  await checkout.writeProgram('node_modules/.bin/node', pinnedNode)
  // The machine's own Node, which may only run the set-up.
  await checkout.writeProgram('fake-bin/node', `echo "$1" >> '${checkout.path('setups')}'`)
})

/** Arguments after the program's file. */
function argumentsOf(stdout: string): string[] {
  const lines = stdout.split('\n')
  return lines.slice(lines.findIndex(line => line.endsWith('/engine/cli/main.ts>')) + 1, -1)
}

describe('bin/holdfast', () => {
  it('hands every argument and the exit code through, without setting up what is set up', async () => {
    const args = ['backup', 'two words', '', '*', '--label', 'k=v']
    const ended = await checkout.run(checkout.path('bin/holdfast'), args)
    expect(ended).toMatchObject({ exitCode: 7, stderr: '' })
    expect(argumentsOf(ended.stdout)).toEqual(args.map(arg => `<${arg}>`))
    expect(await checkout.lines('setups')).toEqual([])
  })

  it('finds its checkout through relative and absolute symbolic links, from another folder', async () => {
    const links = join(folder.path, 'links')
    await mkdir(links)
    await symlink('../a checkout/bin/holdfast', join(links, 'relative'))
    await symlink(join(links, 'relative'), join(links, 'absolute'))
    for (const [program, cwd] of [
      [join(links, 'relative'), '/'],
      [join(links, 'absolute'), '/'],
      ['./absolute', links],
    ] as const) {
      const ended = await checkout.run(program, ['x'], { cwd })
      expect(ended, program).toMatchObject({ exitCode: 7, stderr: '' })
      expect(argumentsOf(ended.stdout)).toEqual(['<x>'])
    }
  })

  it('finds its checkout when a shell reads it from its own folder', async () => {
    const ended = await checkout.run('sh', ['holdfast', 'x'], { cwd: checkout.path('bin') })
    expect(argumentsOf(ended.stdout)).toEqual(['<x>'])
  })

  it('keeps compiled code below node_modules, unless told where', async () => {
    const usual = await checkout.run(checkout.path('bin/holdfast'), [], { env: { NODE_COMPILE_CACHE: '' } })
    expect(usual.stdout.split('\n')[0]).toBe('cache ')
    const told = await checkout.run(checkout.path('bin/holdfast'), [], { env: { NODE_COMPILE_CACHE: '/else' } })
    expect(told.stdout.split('\n')[0]).toBe('cache /else')
    const unset = await checkout.run('env', ['-u', 'NODE_COMPILE_CACHE', 'bin/holdfast'])
    expect(unset.stdout.split('\n')[0]).toMatch(/^cache \/.*\/node_modules\/\.cache\/node$/)
  })

  it.each([
    ['the pinned Node is missing', () => rm(checkout.path('node_modules/.bin/node'))],
    ['it was never set up', () => rm(checkout.path('node_modules/.holdfast-setup'))],
    ['the lock file is newer', () => utimes(checkout.path('package-lock.json'), new Date(), new Date())],
  ])('sets up first when %s', async (_, change) => {
    await utimes(checkout.path('node_modules/.holdfast-setup'), older, older)
    await change()
    await checkout.run(checkout.path('bin/holdfast'))
    const setups = await checkout.lines('setups')
    expect(setups).toHaveLength(1)
    expect(setups[0]).toMatch(/\/scripts\/setup\.mjs$/)
  })

  it('does not start when setting up fails, and ends with its exit code', async () => {
    await rm(checkout.path('node_modules/.holdfast-setup'))
    await checkout.writeProgram('fake-bin/node', 'echo no network >&2; exit 78')
    const ended = await checkout.run(checkout.path('bin/holdfast'))
    expect(ended).toEqual({ exitCode: 78, stdout: '', stderr: 'no network\n' })
  })

  it('says what it needs where there is no Node at all', async () => {
    await rm(checkout.path('node_modules/.holdfast-setup'))
    await rm(checkout.path('fake-bin/node'))
    const ended = await checkout.run('/bin/sh', [checkout.path('bin/holdfast')], { env: { PATH: '/nowhere' } })
    expect(ended).toMatchObject({ exitCode: 78, stdout: '' })
    expect(ended.stderr).toContain('needs Node.js 20 or newer with npm')
  })
})
