import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { driveBusy, findDriveUsers } from '../../../engine/drives/driveUsers.ts'
import { LeapingClock } from '../../support/leapingClock.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process with a working folder and an open file of the test's choice, which has really begun. */
async function start(cwd: string, script: string) {
  const child = spawn('/bin/sh', ['-c', `${script} echo ready; read line`], { cwd, stdio: ['pipe', 'pipe', 'ignore'] })
  children.push(child)
  await new Promise(resolve => child.stdout!.once('data', resolve))
  return child.pid!
}

const useOf = (...mountPoints: string[]) => ({ mountPoints, deviceNumbers: [], nodes: [] })

test('processes with a folder or a file there are found, and others are not', async () => {
  const point = join(folder.path, 'drive')
  await mkdir(join(point, 'sub'), { recursive: true })
  await mkdir(`${point}-next`)
  await writeFile(join(point, 'file'), '')
  const inFolder = await start(join(point, 'sub'), '')
  const withFile = await start('/', `exec 7<'${join(point, 'file')}';`)
  await start(`${point}-next`, '')
  const { users, complete } = await findDriveUsers(useOf(point))
  expect(complete).toBe(true)
  expect(users.sort((a, b) => a.use.localeCompare(b.use))).toEqual([
    { pid: withFile, program: 'sh', use: 'file', path: join(point, 'file') },
    { pid: inFolder, program: 'sh', use: 'folder', path: join(point, 'sub') },
  ])
})

/** A made-up /proc with one process. */
async function fakeProcess(pid: number, links: Record<string, string>, mountInfo = '') {
  for (const part of ['fd', 'ns']) await mkdir(join(folder.path, String(pid), part), { recursive: true })
  for (const [name, target] of Object.entries(links)) await symlink(target, join(folder.path, String(pid), name))
  await writeFile(join(folder.path, String(pid), 'comm'), 'evil\u001b[2Jname\n')
  await writeFile(join(folder.path, String(pid), 'mountinfo'), mountInfo)
}

test('a process with the device itself open is found, and its name cannot harm a terminal', async () => {
  await fakeProcess(7, { 'fd/3': '/dev/sdb1' })
  const { users } = await findDriveUsers({ ...useOf('/m'), nodes: ['/dev/sdb1'] }, { procRoot: folder.path })
  expect(users).toEqual([{ pid: 7, program: 'evil [2Jname', use: 'device', path: '/dev/sdb1' }])
})

test('a mount that only others see is found, once for each of their namespaces', async () => {
  const line = '20 1 8:17 / /hidden/point rw - ext4 /dev/sdb1 rw\n'
  await fakeProcess(7, { 'ns/mnt': 'mnt:[1]' }, line)
  await fakeProcess(8, { 'ns/mnt': 'mnt:[1]' }, line)
  const { users } = await findDriveUsers({ ...useOf('/m'), deviceNumbers: ['8:17'] }, { procRoot: folder.path })
  expect(users.map(({ pid, use, path }) => [pid, use, path])).toEqual([[7, 'mount', '/hidden/point']])
})

test('the search ends in time, and says that it was not complete', async () => {
  for (let pid = 1; pid <= 5; pid++) await fakeProcess(pid, { cwd: '/m' })
  class SlowClock extends LeapingClock {
    override monotonic() {
      this.advance(1000)
      return super.monotonic()
    }
  }
  const { users, complete } = await findDriveUsers(useOf('/m'), { procRoot: folder.path, clock: new SlowClock() })
  expect(complete).toBe(false)
  expect(users.length).toBeLessThan(5)
})

test('the error names the programs and what to do', () => {
  const user = (program: string, pid: number) => ({ pid, program, use: 'file' as const, path: '/m/film' })
  const error = driveBusy('Backups', { users: [user('vlc', 12), user('bash', 13)], complete: true })
  expect(error).toMatchObject({ code: 'storage.driveBusy', retryable: true })
  expect(error.message).toBe('Backups is in use by vlc (process 12), bash (process 13). vlc has /m/film open.')
  expect(error.advice).toContain('Close')
  expect(driveBusy('Backups', { users: [], complete: true }).message).toBe(
    'Backups is in use by something that is not known.',
  )
})
