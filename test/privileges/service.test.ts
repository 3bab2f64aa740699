import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noLoopDevices } from '../support/loopDevice.ts'
import { Disks } from './machine/disks.ts'
import { Machine, noMachine } from './machine/machine.ts'

/** Higher is worse, 10 is the worst; measured with systemd 252. Each hole has its reason in holdfast.service. */
const highestExposure = 4.0

describe.skipIf(noMachine !== undefined)('the unit of the service', () => {
  let machine: Machine

  beforeAll(async () => {
    machine = await Machine.start()
  })
  afterAll(() => machine?.stop())

  it('is understood by systemd, without a complaint', async () => {
    const units = ['holdfast.service', 'holdfast-mount@v-1.service']
    // What it says of units of the system is not our business.
    const { stderr } = await machine.run(['systemd-analyze', 'verify', '--man=no', ...units])
    expect(stderr.split('\n').filter(line => line.includes('holdfast'))).toEqual([])
  })

  it('is exposed no more than is known', async () => {
    const { stdout } = await machine.run(['systemd-analyze', 'security', '--no-pager', 'holdfast.service'])
    const exposure = Number(/Overall exposure level for holdfast\.service: ([\d.]+)/.exec(stdout)?.[1])
    console.log(`systemd-analyze security: exposure of holdfast.service is ${exposure} (at most ${highestExposure})`)
    expect(exposure).toBeLessThanOrEqual(highestExposure)
  })

  it('gives the service few rights and no way to new ones', async () => {
    const status = await machine.must('cat', `/proc/${await machine.servicePid()}/status`)
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)$`, 'm').exec(status)?.[1]
    expect(field('NoNewPrivs')).toBe('1')
    expect(field('Seccomp')).toBe('2')
    // linux/capability.h: 0 to 7 for files and users, IPC_LOCK, SYS_RAWIO, SYS_ADMIN, MKNOD.
    const known = [0, 1, 2, 3, 4, 5, 6, 7, 14, 17, 21, 27]
    const mask = known.reduce((sum, number) => sum | (1n << BigInt(number)), 0n)
    expect(BigInt(`0x${field('CapBnd')}`)).toBe(mask)
  })

  it('keeps the service from writing where it has no business, and lets it write to drives and its own folders', async () => {
    const tryWriting = (path: string) => `if touch ${path} 2>/dev/null; then echo ${path} yes; else echo ${path} no; fi`
    const forbidden = ['/usr/bin/x', '/etc/passwd', '/etc/x', '/root/x', '/var/lib/x', '/boot/x', '/run/x']
    const allowed = [
      '/var/lib/holdfast/x',
      '/var/log/holdfast/x',
      '/run/holdfast/x',
      '/etc/holdfast/x',
      '/home/alice/x',
      '/media/x',
      '/mnt/x',
      '/run/lock/lvm/x',
      '/tmp/x',
    ]
    const { stdout } = await machine.inSandbox([...forbidden, ...allowed].map(tryWriting).join('\n'))
    const expected = [...forbidden.map(path => `${path} no`), ...allowed.map(path => `${path} yes`)]
    expect(stdout.trim().split('\n')).toEqual(expected)
    // Its /tmp is its own.
    expect((await machine.run(['test', '-e', '/tmp/x'])).exitCode).toBe(1)
  })

  it('lets it make nodes of disks, as dmsetup does, and of nothing else', async () => {
    // 7:0, the first loop device, and 10:183, a source of random numbers.
    const { stdout } = await machine.inSandbox(`
      mknod /dev/own-disk b 7 0 && test -b /dev/own-disk && rm /dev/own-disk && echo disk
      mknod /dev/own-random c 10 183 2>&1 | grep -o 'Operation not permitted'`)
    expect(stdout.trim().split('\n')).toEqual(['disk', 'Operation not permitted'])
  })

  it('keeps the service from devices that are not on the list, from the kernel’s settings and from other roots', async () => {
    // 10:183, a source of random numbers, stands for any device. The driver need not be there: the list comes first.
    await machine.must('mknod', '-m', '0666', '/dev/other', 'c', '10', '183')
    const { stdout } = await machine.inSandbox(`
      head -c 1 /dev/other 2>&1 | grep -o 'Operation not permitted'
      head -c 1 /dev/zero | wc -c
      (echo 1 > /proc/sys/vm/drop_caches) 2>/dev/null && echo tunables
      chroot / true 2>/dev/null && echo chroot
      unshare --user true 2>/dev/null && echo namespace
      date --set @0 2>/dev/null >/dev/null && echo clock
      ls /dev/kmsg 2>/dev/null >/dev/null && cat /dev/kmsg 2>/dev/null | head -c 1 | grep -q . && echo log
      touch /var/lib/holdfast/suid && chmod u+s /var/lib/holdfast/suid 2>/dev/null && echo suid
      true`)
    expect(stdout.trim().split('\n')).toEqual(['Operation not permitted', '1'])
  })

  it('lets the service seal secrets with the key of the computer', async () => {
    const { stdout, stderr } = await machine.inSandbox(
      'printf secret | systemd-creds encrypt --name=x - - | systemd-creds decrypt --name=x - -',
    )
    expect({ stdout, stderr: stdout === 'secret' ? '' : stderr }).toEqual({ stdout: 'secret', stderr: '' })
  })

  it('starts the service again when it dies, and ends it when it is asked to', async () => {
    const first = await machine.servicePid()
    await machine.must('kill', '-KILL', first)
    await expect.poll(() => machine.servicePid(), { timeout: 30_000 }).not.toMatch(`^(0|${first})$`)
    await expect.poll(() => machine.servicePid(), { timeout: 30_000 }).toMatch(/^[1-9]/)
    await machine.untilServiceListens()
    expect(await machine.servicePid()).not.toBe(first)
    await machine.must('systemctl', 'stop', 'holdfast.service')
    expect(await machine.must('systemctl', 'show', '--property=Result', '--value', 'holdfast.service')).toBe('success')
    await machine.must('systemctl', 'start', 'holdfast.service')
    await machine.untilServiceListens()
  })
})

describe.skipIf(noMachine !== undefined || noLoopDevices !== undefined)('disks and mounts around the service', () => {
  const disks = new Disks()
  let machine: Machine

  beforeAll(async () => {
    machine = await Machine.start()
  })
  afterAll(async () => {
    await machine?.stop()
    disks.remove()
  })

  it('shows the service a drive that is mounted after its start, lets it write there, and lets go of it', async () => {
    const drive = await disks.add(machine, 8, 'formatted')
    const places = ['/media/alice/T7', '/run/media/alice/T7', '/mnt/T7', '/opt/T7']
    for (const place of places) {
      await machine.must('mkdir', '-p', place)
      await machine.must('mount', drive, place)
      expect(await machine.isMounted(place, 'service'), place).toBe(true)
      expect((await machine.inService(`touch ${place}/x`)).exitCode, place).toBe(0)
      await machine.must('umount', place)
      expect(await machine.isMounted(place, 'service'), place).toBe(false)
    }
  })

  it('lets the service write to a drive that is mounted before its start', async () => {
    const drive = await disks.add(machine, 8, 'formatted')
    await machine.must('mkdir', '-p', '/media/alice/early')
    await machine.must('mount', drive, '/media/alice/early')
    await machine.must('systemctl', 'restart', 'holdfast.service')
    await machine.untilServiceListens()
    expect((await machine.inService('touch /media/alice/early/x')).exitCode).toBe(0)
    await machine.must('umount', '/media/alice/early')
    expect(await machine.isMounted('/media/alice/early', 'service')).toBe(false)
  })

  it('lets the engine back up a raw disk to a drive and restore it onto another, inside the sandbox', async () => {
    const source = await disks.add(machine, 16, 'formatted')
    const target = await disks.add(machine, 16)
    const drive = await disks.add(machine, 64, 'formatted')
    await machine.must('mkdir', '-p', '/media/alice/drive')
    await machine.must('mount', drive, '/media/alice/drive')
    const { exitCode, stdout, stderr } = await machine.inSandbox(`
      set -e
      export HOLDFAST_PASSPHRASE='a long passphrase' HOLDFAST_REPO=/media/alice/drive/repository HOLDFAST_STATE_DIR=/var/lib/holdfast
      holdfast --quiet init
      holdfast --json backup ${source} --name disk
      holdfast --quiet restore latest ${target} --force
      cmp ${source} ${target} && echo same`)
    await machine.must('umount', '/media/alice/drive')
    expect(exitCode, stderr).toBe(0)
    expect(stdout.trim().split('\n').at(-1)).toBe('same')
  })
})
