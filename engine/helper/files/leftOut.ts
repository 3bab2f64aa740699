import { runSystemProgram } from '../../base/systemPrograms.ts'

const options = { failureCode: 'files.copyFailed', maxOutputBytes: 64 * 1024 * 1024 } as const
const mostNamed = 1000

/**
 * Takes from files that are given to somebody without the administrator's rights what would give them such rights on this computer: the disk
 * they come from may be anybody's. Devices are removed; programs lose their set-user-ID bits and capabilities, as in any change of
 * their owner (chown(2)). Answers with what was left out. `folder` is one that nobody else may enter.
 */
export async function leaveOutRights(folder: string): Promise<string[]> {
  const at = folder.replace('/proc/self/', `/proc/${process.pid}/`)
  const inFolder = async (...args: string[]) =>
    (await runSystemProgram('env', ['-C', at, ...args], options)).stdout.toString('utf8').split('\n').filter(Boolean)
  const devices = await inFolder('find', '.', '(', '-type', 'b', '-o', '-type', 'c', ')', '-print', '-delete')
  const programs = await inFolder('find', '.', '-type', 'f', '-perm', '/6000', '-print')
  // An owner that is not named stays, and yet it counts as a change.
  await inFolder('find', '.', '-type', 'f', '-exec', 'chown', '--no-dereference', ':', '{}', '+')
  return [
    ...devices.slice(0, mostNamed).map(path => `${path.slice(2)} is a device, and was left out`),
    ...programs.slice(0, mostNamed).map(path => `${path.slice(2)} runs with the rights of its caller only`),
  ]
}
