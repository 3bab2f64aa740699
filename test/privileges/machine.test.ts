import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Machine, noMachine } from './machine/machine.ts'

/** Names of the control groups of test computers, wherever this system has version 2 of them. */
const controlGroups = () =>
  execFileSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', 'holdfast-test-*'], { encoding: 'utf8' }).split('\n')

it.skipIf(noMachine !== undefined)('leaves no process, mount, folder or control group behind', async () => {
  const machine = await Machine.start()
  // A process that nobody there would end.
  await machine.must('systemd-run', '--quiet', '--property=KillMode=none', 'setsid', 'sleep', '1000')
  const { folder, firstPid, launcherPid } = machine
  const group = `holdfast-test-${launcherPid}`
  const before = controlGroups().filter(path => path.endsWith(group))
  expect(before).toHaveLength(1)

  await machine.stop()
  expect(existsSync(`/proc/${firstPid}`)).toBe(false)
  expect(existsSync(folder)).toBe(false)
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder)
  expect(controlGroups().filter(path => path.endsWith(group))).toEqual([])
})
