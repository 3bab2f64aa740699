import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noLoopDevices } from '../support/loopDevice.ts'
import { Disks } from './machine/disks.ts'
import { Machine, noMachine } from './machine/machine.ts'
import { Program } from './machine/program.ts'

describe.skipIf(noMachine !== undefined || noLoopDevices !== undefined)('versions that are mounted', () => {
  const disks = new Disks()
  let machine: Machine

  beforeAll(async () => {
    machine = await Machine.start('stand-in')
  })
  afterAll(async () => {
    await machine?.stop()
    disks.remove()
  })

  it('are seen outside by their user, harmless, and go away with the service that serves them', async () => {
    const device = await disks.add(machine, 8, 'formatted')
    await machine.must('mkdir', '-p', '/mnt/fill')
    await machine.must('mount', device, '/mnt/fill')
    await machine.must('sh', '-c', 'echo found > /mnt/fill/file; cp /bin/true /mnt/fill/program')
    await machine.must('umount', '/mnt/fill')
    const versions = { 'v-1': { device, type: 'ext4', options: 'noload,suid,dev,exec' } }
    await machine.write('/var/lib/holdfast/inventory.json', JSON.stringify({ disks: {}, versions }))

    const root = await Program.start(machine, 'root', 'nowhere', ['standInClient.ts'])
    const { value, error } = await root.ask({ call: 'mount', version: 'v-1', interactive: false })
    expect(error).toBeUndefined()
    const mounted = String(value?.folder)
    expect(await machine.must('cat', `${mounted}/file`)).toBe('found')
    expect(await machine.isMounted(mounted, 'service')).toBe(true)
    const line = await machine.must('findmnt', '--noheadings', '--output', 'OPTIONS', mounted)
    expect(line.split(',')).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']))

    expect(await root.ask({ call: 'unmount', version: 'v-1', interactive: false })).toEqual({ value: {} })
    expect(await machine.isMounted(mounted, 'outside')).toBe(false)
    expect(await machine.isMounted(mounted, 'service')).toBe(false)

    // When the service ends, what it serves goes with it.
    await root.ask({ call: 'mount', version: 'v-1', interactive: false })
    expect(await machine.isMounted(mounted, 'outside')).toBe(true)
    await machine.must('systemctl', 'restart', 'holdfast.service')
    // systemctl waits for the service itself, and not for what goes with it.
    await expect.poll(() => machine.must('systemctl', 'list-jobs'), { timeout: 15_000 }).toBe('No jobs running.')
    expect(await machine.isMounted(mounted, 'outside')).toBe(false)
    expect(await machine.must('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'holdfast-mount@*')).toBe(
      '',
    )
    await root.end()
    await machine.untilServiceListens()

    // And it can be mounted again.
    const again = await Program.start(machine, 'root', 'nowhere', ['standInClient.ts'])
    expect(await again.ask({ call: 'mount', version: 'v-1', interactive: false })).toEqual({ value })
    expect(await machine.isMounted(mounted, 'outside')).toBe(true)
    await again.end()
    await machine.must('systemctl', 'stop', 'holdfast.service')
  })
})
