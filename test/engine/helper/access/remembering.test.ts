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

const version = { version: 'v-1' }

describe.each([
  ['to read', 'read', {}],
  ['to look into a version', 'browse', version],
] as const)('a permission %s', (_title, action, details) => {
  it('holds for five seconds for the process that has it, and is asked for again then', async () => {
    const { ask, asked, time } = await polkit()
    for (let i = 0; i < 5; i++) {
      await ask(action, alice, details)
      await time.advance(999)
    }
    expect(await asked()).toBe(1)
    await time.advance(5)
    await ask(action, alice, details)
    expect(await asked()).toBe(2)
  })

  it('does not last longer for being used, and ends soon after it was taken away', async () => {
    const { ask, time, answers } = await polkit()
    await ask(action, alice, details)
    await answers('exit 1')
    await time.advance(4000)
    await ask(action, alice, details)
    await time.advance(1000)
    await expect(ask(action, alice, details)).rejects.toMatchObject({ code: 'access.denied' })
  })

  it('holds for no other process, user or start of the same number', async () => {
    const { ask, asked, processes } = await polkit()
    const as = (peer = alice) => ask(action, peer, details)
    await as()
    processes.set(51, { startTicks: '700', uids: [1000] })
    await as({ ...alice, pid: 51 })
    processes.set(50, { startTicks: '701', uids: [1000] })
    await expect(as()).rejects.toMatchObject({ details: { reason: 'peerChanged' } })
    await as({ ...alice, startTicks: '701' })
    processes.set(50, { startTicks: '701', uids: [1001] })
    await expect(as({ ...alice, startTicks: '701' })).rejects.toMatchObject({ code: 'access.denied' })
    await as({ ...alice, startTicks: '701', uid: 1001 })
    expect(await asked()).toBe(4)
  })

  it('is not remembered for a process that has ended', async () => {
    const { ask, processes } = await polkit()
    await ask(action, alice, details)
    processes.delete(50)
    await expect(ask(action, alice, details)).rejects.toMatchObject({ details: { reason: 'peerChanged' } })
  })

  it('that is refused is asked for each time, so that it counts as soon as it is given', async () => {
    const { ask, asked, answers } = await polkit('exit 1')
    for (let i = 0; i < 2; i++) {
      await expect(ask(action, alice, details)).rejects.toMatchObject({ code: 'access.denied' })
    }
    await answers('exit 0')
    await ask(action, alice, details)
    expect(await asked()).toBe(3)
  })
})

it('a permission is none for anything else, and what changes something is never remembered', async () => {
  const { ask, asked, answers } = await polkit()
  await ask()
  await ask('browse', alice, version)
  const disk = { device: 'Backup+', serial: 'S5', version: 'v-1' }
  const others: [AccessAction, Record<string, string>][] = [
    ['operate', {}],
    ['configure', {}],
    ['delete-version', version],
    ['erase-removable', disk],
    ['erase-internal', disk],
  ]
  for (const [action, details] of others) for (let i = 0; i < 2; i++) await ask(action, alice, details)
  expect(await asked()).toBe(12)
  // Rules may look at details.
  await ask('browse', alice, { version: 'v-2' })
  await ask('read', alice, { serial: 'S5' })
  expect(await asked()).toBe(14)
  await answers('exit 1')
  await expect(ask('operate')).rejects.toMatchObject({ code: 'access.denied' })
})
