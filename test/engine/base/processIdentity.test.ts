import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fateOf, isSameProcess, ownIdentity, type ProcessIdentity } from '../../../engine/base/processIdentity.ts'

/** This computer as it is, but with a machine id in any case: containers often have none. */
const own: ProcessIdentity = { ...ownIdentity(), host: 'here/0123456789abcdef' }
const other = (facts: Partial<ProcessIdentity>): ProcessIdentity => ({ ...own, ...facts })
const otherBoot = '00000000-0000-0000-0000-000000000000'

const startTicksOf = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!
}

describe('fateOf', () => {
  it('knows this very process, and one that it has started, as alive', async () => {
    expect(own.startTicks).toMatch(/^\d+$/)
    expect(fateOf(ownIdentity())).toBe('alive')
    expect(fateOf(own, own)).toBe('alive')
    expect(isSameProcess(own, other({}))).toBe(true)

    const child = spawn('sleep', ['60'])
    await once(child, 'spawn')
    const identity = other({ pid: child.pid!, startTicks: startTicksOf(child.pid!) })
    expect(fateOf(identity, own)).toBe('alive')
    expect(isSameProcess(own, identity)).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(fateOf(identity, own)).toBe('dead')
  })

  it('knows a process as dead whose id another one has now', () => {
    expect(fateOf(other({ startTicks: '1' }), own)).toBe('dead')
  })

  it('knows a process as dead that ran on an earlier boot of this computer', () => {
    expect(fateOf(other({ bootId: otherBoot }), own)).toBe('dead')
  })

  it('does not know of processes on other computers', () => {
    expect(fateOf(other({ host: 'there/0123456789abcdef', bootId: otherBoot }), own)).toBe('unknown')
    // Two computers without a machine id may well have the same name.
    const nameless = other({ host: 'localhost/' })
    expect(fateOf({ ...nameless, bootId: otherBoot }, nameless)).toBe('unknown')
  })

  it('knows a process on this boot even if the computer has been renamed since', () => {
    expect(fateOf(other({ host: 'old-name/0123456789abcdef' }), own)).toBe('alive')
    expect(fateOf(other({ host: 'old-name/0123456789abcdef', startTicks: '1' }), own)).toBe('dead')
  })

  it('does not know of processes in other containers', () => {
    expect(fateOf(other({ pidNamespace: 'pid:[1]', startTicks: '1' }), own)).toBe('unknown')
    expect(fateOf(other({ pidNamespace: '' }), other({ pidNamespace: '' }))).toBe('unknown')
  })

  it('does not guess when there is a process and its start is not known', () => {
    expect(fateOf(other({ startTicks: '' }), own)).toBe('unknown')
    expect(isSameProcess(other({ startTicks: '' }), other({ startTicks: '' }))).toBe(false)
  })

  it('knows a process as dead when there is none with its id', async () => {
    const child = spawn('true')
    await once(child, 'exit')
    for (const startTicks of ['', '1']) expect(fateOf(other({ pid: child.pid!, startTicks }), own)).toBe('dead')
  })

  it('does not know anything when the system does not tell one boot from another', () => {
    expect(fateOf(other({ bootId: '' }), own)).toBe('unknown')
    expect(fateOf(own, other({ bootId: '' }))).toBe('unknown')
  })
})
