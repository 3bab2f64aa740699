import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { AccessAction } from '../../../../engine/helper/access/actions.ts'
import { authoriserFor } from '../../../../engine/helper/access/choose.ts'
import { fakePkcheck } from '../../../support/fakePolkit.ts'
import { alice, fakeProcesses, twoProcesses } from '../../../support/fakeProcesses.ts'
import { FakeTime } from '../../../support/fakeTime.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

/** A helper of root whose polkit does what the file `answer` says, with how often it was asked. */
async function polkit(answer = 'exit 0') {
  const rule = `${folder.path}/answer`
  const pkcheck = await fakePkcheck(folder.path, `. '${rule}'`)
  const answers = (script: string) => writeFile(rule, `${script}\n`)
  await answers(answer)
  const processes = twoProcesses()
  const time = new FakeTime(0)
  const { authorise } = authoriserFor(0, {
    pkcheck: pkcheck.path,
    processFacts: fakeProcesses(processes),
    clock: time,
  })
  const ask = (action: AccessAction = 'read', peer = alice, details = {}) => authorise(peer, action, details, true)
  const asked = async () => (await pkcheck.calls()).length
  return { answers, processes, time, ask, asked }
}

describe('a permission to read', () => {
  it('holds for five seconds for the process that has it, and is asked for again then', async () => {
    const { ask, asked, time } = await polkit()
    for (let i = 0; i < 5; i++) {
      await ask()
      await time.advance(999)
    }
    expect(await asked()).toBe(1)
    await time.advance(5)
    await ask()
    expect(await asked()).toBe(2)
  })

  it('does not last longer for being used, and ends soon after it was taken away', async () => {
    const { ask, time, answers } = await polkit()
    await ask()
    await answers('exit 1')
    await time.advance(4000)
    await ask()
    await time.advance(1000)
    await expect(ask()).rejects.toMatchObject({ code: 'access.denied' })
  })

  it('holds for no other process, user or start of the same number', async () => {
    const { ask, asked, processes } = await polkit()
    await ask()
    processes.set(51, { startTicks: '700', uids: [1000] })
    await ask('read', { ...alice, pid: 51 })
    processes.set(50, { startTicks: '701', uids: [1000] })
    await expect(ask()).rejects.toMatchObject({ details: { reason: 'peerChanged' } })
    await ask('read', { ...alice, startTicks: '701' })
    processes.set(50, { startTicks: '701', uids: [1001] })
    await expect(ask('read', { ...alice, startTicks: '701' })).rejects.toMatchObject({ code: 'access.denied' })
    await ask('read', { ...alice, startTicks: '701', uid: 1001 })
    expect(await asked()).toBe(4)
  })

  it('is not remembered for a process that has ended', async () => {
    const { ask, processes } = await polkit()
    await ask()
    processes.delete(50)
    await expect(ask()).rejects.toMatchObject({ details: { reason: 'peerChanged' } })
  })

  it('is no permission for anything else, and nothing else is remembered', async () => {
    const { ask, asked, answers } = await polkit()
    await ask()
    for (let i = 0; i < 2; i++) await ask('operate')
    for (let i = 0; i < 2; i++) await ask('configure')
    for (let i = 0; i < 2; i++) await ask('browse', alice, { version: 'v-1' })
    for (let i = 0; i < 2; i++) await ask('read', alice, { serial: 'S5' })
    expect(await asked()).toBe(9)
    await answers('exit 1')
    await expect(ask('operate')).rejects.toMatchObject({ code: 'access.denied' })
  })

  it('that is refused is asked for each time, so that it counts as soon as it is given', async () => {
    const { ask, asked, answers } = await polkit('exit 1')
    for (let i = 0; i < 2; i++) await expect(ask()).rejects.toMatchObject({ code: 'access.denied' })
    await answers('exit 0')
    await ask()
    expect(await asked()).toBe(3)
  })
})
