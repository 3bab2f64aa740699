import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { checkPeer, parseSession, parseUids, processFacts } from '../../../../engine/helper/access/peer.ts'
import { alice, fakeProcesses, twoProcesses } from '../../../support/fakeProcesses.ts'

const refusal = expect.objectContaining({
  code: 'access.denied',
  details: { action: 'read', level: 'read', reason: 'peerChanged' },
})

describe('the check of a peer', () => {
  it('passes the process that connected', () => {
    expect(() => checkPeer(alice, 'read', fakeProcesses(twoProcesses()))).not.toThrow()
  })

  it.each([
    ['has ended', () => undefined],
    ['has given its number to another', () => ({ startTicks: '701', uids: [1000, 1000, 1000, 1000] })],
    ['runs as another user', () => ({ startTicks: '700', uids: [1001, 1001, 1001, 1001] })],
    ['cannot be looked at', () => ({ startTicks: '700', uids: [] })],
  ])('refuses a process that %s', (_, now) => {
    const processes = twoProcesses()
    const changed = now()
    if (changed === undefined) processes.delete(alice.pid)
    else processes.set(alice.pid, changed)
    expect(() => checkPeer(alice, 'read', fakeProcesses(processes))).toThrow(refusal)
  })

  it('refuses a peer whose start time was never known', () => {
    const processes = new Map([[50, { startTicks: '', uids: [1000] }]])
    expect(() => checkPeer({ ...alice, startTicks: '' }, 'read', fakeProcesses(processes))).toThrow(refusal)
  })

  it('knows real processes from their beginning to their end', async () => {
    const child = spawn('sleep', ['1000'])
    const uid = process.getuid?.() ?? -1
    const peer = { pid: child.pid ?? 0, uid, startTicks: processFacts.startTicks(child.pid ?? 0) }
    expect(() => checkPeer(peer, 'read')).not.toThrow()
    expect(() => checkPeer({ ...peer, uid: uid + 1 }, 'read')).toThrow(refusal)
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(() => checkPeer(peer, 'read')).toThrow(refusal)
  })
})

describe('facts about processes', () => {
  it('read all four users', () => {
    expect(parseUids('Name:\tx\nUid:\t1000\t0\t1\t2\nGid:\t5\t5\t5\t5\n')).toEqual([1000, 0, 1, 2])
    expect(parseUids('')).toEqual([])
    expect(parseUids('Name:\tUid: 0 0 0 0\n')).toEqual([])
  })

  it.each([
    ['0::/user.slice/user-1000.slice/session-3.scope\n', '3', 'session-3'],
    ['1:name=systemd:/x\n0::/user.slice/user-1000.slice/session-c12.scope\n', '', 'session-c12'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope\n', '3', 'user-1000'],
    ['0::/system.slice/ssh.service\n', '7\n', 'audit-7'],
    ['0::/system.slice/cron.service\n', '4294967295', ''],
    ['', '', ''],
  ])('find the login session in %j', (cgroup, audit, session) => {
    expect(parseSession(cgroup, audit)).toBe(session)
  })
})
