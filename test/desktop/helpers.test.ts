import { existsSync } from 'node:fs'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../engine/base/clock.ts'
import { HoldfastError } from '../../engine/contract/errors.ts'
import { findHelper } from '../../main/findHelper.ts'
import type { HelperLink } from '../../main/helperLink.ts'
import { OwnHelper } from '../../main/ownHelper.ts'
import { notFromAppImage, notRaised, raiseHelper } from '../../main/raisedHelper.ts'
import { DaemonProcess } from '../support/daemon.ts'
import { holdfastProgram } from '../support/holdfast.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const uid = process.getuid!()
const links: HelperLink[] = []
let daemon: DaemonProcess

beforeEach(() => {
  daemon = new DaemonProcess(folder.path)
})
afterEach(async () => {
  for (const { client } of links.splice(0)) client.close()
  await daemon.stop()
})

const absent = () => join(folder.path, 'nobody', 'helper.sock')
const never = new OwnHelper({ program: '/nonexistent', env: {}, logPath: '/nonexistent', clock: systemClock })

async function script(name: string, text: string): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, `#!/bin/sh\n${text}\n`)
  await chmod(path, 0o755)
  return path
}

const find = async (options: Partial<Parameters<typeof findHelper>[0]>) => {
  const link = await findHelper({
    places: { system: absent(), own: daemon.socket },
    uid,
    program: '0',
    clock: systemClock,
    ownHelper: never,
    hasService: async () => false,
    ...options,
  })
  links.push(link)
  return link
}

describe('finding the background service', () => {
  it('takes the one of this computer, which must belong to root', async () => {
    await daemon.start()
    const places = { system: daemon.socket, own: absent() }
    if (uid === 0) expect(await find({ places })).toMatchObject({ kind: 'service' })
    else await expect(find({ places })).rejects.toMatchObject({ code: 'helper.untrusted' })
  })

  it('takes that of this person where none is installed', async () => {
    await daemon.start()
    const link = await find({})
    expect(link.kind).toBe('own')
    expect(await link.client.call('jobs.list', {})).toEqual({ jobs: [] })
  })

  it('waits for one that is installed and does not run, rather than to start another', async () => {
    await daemon.start()
    await expect(find({ hasService: async () => true })).rejects.toMatchObject({ code: 'helper.unreachable' })
  })

  it('starts one for this person, which outlives the connection', async () => {
    const pidFile = join(folder.path, 'pid')
    const program = await script('holdfast', `echo $$ > '${pidFile}'\nexec '${holdfastProgram}' "$@"`)
    const env = { ...process.env, ...daemon.env }
    const ownHelper = new OwnHelper({ program, env, logPath: join(folder.path, 'logs/helper.log'), clock: systemClock })
    const link = await find({ ownHelper })
    const pid = Number(await readFile(pidFile, 'utf8'))
    try {
      expect(link.kind).toBe('own')
      link.client.close()
      const again = await find({})
      expect(await again.client.call('status.get', {})).toMatchObject({ program: again.client.serverProgram })
    } finally {
      links.at(-1)!.client.close()
      process.kill(pid, 'SIGTERM')
      await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false)
    }
  })

  it('says where to look when the one that it started has ended', async () => {
    const program = await script('holdfast', 'echo no room left; exit 3')
    const logPath = join(folder.path, 'logs/helper.log')
    const ownHelper = new OwnHelper({ program, env: {}, logPath, clock: systemClock })
    await expect(find({ ownHelper })).rejects.toMatchObject({
      code: 'helper.unreachable',
      message: expect.stringContaining('exit code 3'),
      advice: expect.stringContaining(logPath),
    })
    expect(await readFile(logPath, 'utf8')).toBe('no room left\n')
  })
})

describe('a helper with the rights of an administrator', () => {
  const raise = (pkexec: string) => raiseHelper({ holdfast: holdfastProgram, program: '0', clock: systemClock, pkexec })

  it('is started without a terminal agent, serves over its standard streams and ends with the connection', async () => {
    const { HOLDFAST_STATE_DIR, HOLDFAST_RUN_DIR } = daemon.env
    const endFile = join(folder.path, 'ended')
    const pkexec = await script(
      'pkexec',
      `[ "$1" = --disable-internal-agent ] || exit 1
shift
export HOLDFAST_STATE_DIR='${HOLDFAST_STATE_DIR}' HOLDFAST_RUN_DIR='${HOLDFAST_RUN_DIR}'
"$@"
echo $? > '${endFile}'`,
    )
    const link = await raise(pkexec)
    expect(link.kind).toBe('raised')
    expect(await link.client.call('jobs.list', {})).toEqual({ jobs: [] })
    link.client.close()
    await expect.poll(() => readFile(endFile, 'utf8').catch(() => ''), { timeout: 20_000 }).toBe('0\n')
  })

  it.each([
    [126, '', { code: 'access.denied', details: { reason: 'dismissed' } }],
    [
      127,
      'Error executing command as another user: No authentication agent found.',
      { code: 'access.denied', details: { reason: 'noAgent' } },
    ],
    [1, 'holdfast: A background service is already running with /var/lib/holdfast.', { code: 'helper.alreadyRunning' }],
    [9, 'out of memory', { code: 'helper.unreachable', retryable: true }],
  ])('is not there when pkexec ends with %s', async (code, said, error) => {
    const pkexec = await script('pkexec', `echo '${said}' >&2; exit ${code}`)
    await expect(raise(pkexec)).rejects.toMatchObject(error)
  })

  it('is not there when there is no pkexec', async () => {
    await expect(raise(join(folder.path, 'none'))).rejects.toBeInstanceOf(HoldfastError)
  })

  it('are not asked for from an AppImage, which root cannot read; it says what to install instead', () => {
    const inside = '/tmp/.mount_HoldfaAbCd/resources/holdfast/bin/holdfast'
    const refusal = notFromAppImage(inside, '/tmp/.mount_HoldfaAbCd')
    expect(refusal).toMatchObject({ code: 'access.denied', details: { reason: 'appImage' } })
    expect(refusal?.advice).toMatch(/deb or rpm/)
    expect(notFromAppImage('/usr/bin/holdfast', '/tmp/.mount_HoldfaAbCd')).toBeUndefined()
    expect(notFromAppImage('/opt/Holdfast/resources/holdfast/bin/holdfast', undefined)).toBeUndefined()
  })

  it('names the packages of an agent when nobody can be asked', () => {
    expect(notRaised(127, '').advice).toMatch(/mate-polkit, lxpolkit or policykit-1-gnome/)
  })
})
