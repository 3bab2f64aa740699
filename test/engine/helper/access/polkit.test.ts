import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startTicksOf } from '../../../../engine/base/processIdentity.ts'
import { authoriserFor } from '../../../../engine/helper/access/choose.ts'
import { polkitAuthoriser } from '../../../../engine/helper/access/polkit.ts'
import { fakePkcheck } from '../../../support/fakePolkit.ts'
import { alice, fakeProcesses, root, twoProcesses } from '../../../support/fakeProcesses.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const disk = { device: 'Samsung T7', serial: 'S5', version: 'v-1' }

const polkit = async (script: string, options: { promptMs?: number; answerMs?: number } = {}) => {
  const pkcheck = await fakePkcheck(folder.path, script)
  const processes = twoProcesses()
  const authoriser = polkitAuthoriser({
    pkcheck: pkcheck.path,
    processFacts: fakeProcesses(processes),
    ...options,
  })
  return { authoriser, pkcheck, processes }
}
const denial = (reason: string, more: object = {}) => ({ code: 'access.denied', details: { reason }, ...more })

describe('polkit as the judge', () => {
  it('is asked about the process with its start time and user, and told what is at stake', async () => {
    const { authoriser, pkcheck } = await polkit('exit 0')
    await authoriser.authorise(alice, 'erase-internal', disk, true)
    await authoriser.authorise(alice, 'read', {}, false)
    const who = ['--process', '50,700,1000']
    expect(await pkcheck.calls()).toEqual([
      ['--action-id', 'org.holdfast.erase-internal', ...who, '--allow-user-interaction'].concat(
        ['--detail', 'device', 'Samsung T7', '--detail', 'serial', 'S5'],
        ['--detail', 'version', 'v-1'],
      ),
      ['--action-id', 'org.holdfast.read', ...who],
    ])
  })

  it.each([
    [1, false, 'policy', /Log in at the computer/],
    [1, true, 'policy', /password of an administrator/],
    [2, false, 'needsPassword', /where a password can be entered/],
    [2, true, 'noAgent', /mate-polkit.*lxpolkit.*policykit-1-gnome.*sudo holdfast.*pkttyagent/],
    [3, true, 'dismissed', /enter the password/],
    [127, true, 'unavailable', /systemctl status polkit/],
  ])('says no with exit code %i (interactive: %s): %s', async (exitCode, interactive, reason, advice) => {
    const { authoriser } = await polkit(`echo trouble >&2; exit ${exitCode}`)
    const asked = authoriser.authorise(alice, 'configure', {}, interactive)
    await expect(asked).rejects.toMatchObject(denial(reason, { advice: expect.stringMatching(advice) }))
  })

  it('says no when it is killed, prints without end or cannot be run', async () => {
    const killed = await polkit('kill -9 $$')
    await expect(killed.authoriser.authorise(alice, 'read', {}, false)).rejects.toMatchObject(denial('unavailable'))
    const loud = await polkit('while :; do printf %4096d 0; done')
    await expect(loud.authoriser.authorise(alice, 'read', {}, false)).rejects.toMatchObject(denial('unavailable'))
    const missing = polkitAuthoriser({
      pkcheck: join(folder.path, 'none'),
      processFacts: fakeProcesses(twoProcesses()),
    })
    await expect(missing.authorise(alice, 'read', {}, false)).rejects.toMatchObject(denial('unavailable'))
  })

  it('names the missing file when polkit does not know the action', async () => {
    const { authoriser } = await polkit('echo "GDBus.Error: Action org.holdfast.read is not registered" >&2; exit 127')
    await expect(authoriser.authorise(alice, 'read', {}, false)).rejects.toMatchObject(
      denial('unavailable', { advice: expect.stringContaining('/usr/share/polkit-1/actions') }),
    )
  })

  it('takes wrong arguments for a mistake of ours', async () => {
    const { authoriser } = await polkit('exit 126')
    await expect(authoriser.authorise(alice, 'read', {}, false)).rejects.toMatchObject({ code: 'internal.bug' })
  })

  it('is not asked for root, nor about a process that is not the one that connected', async () => {
    const { authoriser, pkcheck, processes } = await polkit('exit 0')
    await authoriser.authorise(root, 'erase-internal', disk, false)
    processes.set(50, { startTicks: '701', uids: [1000] })
    await expect(authoriser.authorise(alice, 'read', {}, false)).rejects.toMatchObject(denial('peerChanged'))
    processes.set(60, { startTicks: '801', uids: [0] })
    await expect(authoriser.authorise(root, 'read', {}, false)).rejects.toMatchObject(denial('peerChanged'))
    expect(await pkcheck.calls()).toEqual([])
  })

  it('does not count when the process ended while the question stood', async () => {
    const marker = join(folder.path, 'asked')
    const { authoriser, processes } = await polkit(`touch '${marker}'; while [ -e '${marker}' ]; do :; done; exit 0`)
    const asked = authoriser.authorise(alice, 'configure', {}, true)
    await expect.poll(() => existsSync(marker)).toBe(true)
    processes.delete(50)
    rmSync(marker)
    await expect(asked).rejects.toMatchObject(denial('peerChanged'))
  })

  it('is ended when the request is cancelled', async () => {
    const { authoriser } = await polkit(`echo $$ > '${join(folder.path, 'pid')}'; exec sleep 1000`)
    const stop = new AbortController()
    const asked = authoriser.authorise(alice, 'configure', {}, true, stop.signal)
    const pid = () =>
      existsSync(join(folder.path, 'pid')) ? readFileSync(join(folder.path, 'pid'), 'utf8').trim() : ''
    await expect.poll(pid).not.toBe('')
    stop.abort()
    await expect(asked).rejects.toMatchObject({ code: 'run.cancelled' })
    expect(startTicksOf(Number(pid()))).toBe('')
  })

  it('is ended when nobody answers', async () => {
    const { authoriser } = await polkit('exec sleep 1000', { promptMs: 50, answerMs: 50 })
    await expect(authoriser.authorise(alice, 'configure', {}, true)).rejects.toMatchObject(denial('dismissed'))
    await expect(authoriser.authorise(alice, 'configure', {}, false)).rejects.toMatchObject(denial('unavailable'))
  })
})

describe('the authoriser of a helper', () => {
  const processFacts = fakeProcesses(twoProcesses())

  it('of root asks polkit as soon as it is there, and until then serves root alone', async () => {
    const authoriser = authoriserFor(0, { pkcheck: join(folder.path, 'pkcheck'), processFacts })
    await authoriser.authorise(root, 'configure', {}, false)
    await expect(authoriser.authorise(alice, 'read', {}, false)).rejects.toMatchObject(
      denial('unavailable', { advice: expect.stringContaining('polkitd') }),
    )
    const pkcheck = await fakePkcheck(folder.path, 'exit 0')
    await authoriser.authorise(alice, 'read', {}, false)
    expect(await pkcheck.calls()).toHaveLength(1)
  })

  it('of an ordinary user serves that user and root, without polkit', async () => {
    const { path: pkcheck, calls } = await fakePkcheck(folder.path, 'exit 0')
    const authoriser = authoriserFor(1000, { pkcheck, processFacts })
    await authoriser.authorise(alice, 'erase-internal', disk, false)
    await authoriser.authorise(root, 'erase-internal', disk, false)
    const others = authoriserFor(1001, { pkcheck, processFacts })
    await expect(others.authorise(alice, 'read', {}, true)).rejects.toMatchObject(denial('policy'))
    expect(await calls()).toEqual([])
  })
})
