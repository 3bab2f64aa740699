import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../base/logger.ts'
import type { FilesSystem } from './system.ts'

/** Packages put it into the first. The last is emptied when the computer is switched off. */
const ruleFolders = ['/usr/lib/udev/rules.d', '/lib/udev/rules.d', '/etc/udev/rules.d', '/run/udev/rules.d']
const ruleName = '57-holdfast-own.rules'
const ownCopy = join(import.meta.dirname, '../../packaging/udev', ruleName)

/**
 * Sees to it that the system does not look at our devices (packaging/udev says what happens otherwise). Where no package has installed the
 * rule, it is put into /run. Without udev there is nobody to look.
 */
export async function hideOwnDevices(system: FilesSystem, logger: Logger): Promise<void> {
  const isThere = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    )
  if (!(await isThere('/run/udev/control'))) return
  for (const folder of ruleFolders) if (await isThere(join(folder, ruleName))) return
  try {
    const rule = await readFile(ownCopy)
    await mkdir('/run/udev/rules.d', { recursive: true })
    await writeFile(join('/run/udev/rules.d', ruleName), rule)
    await system.run('udevadm', ['control', '--reload'], { failureCode: 'config.invalid', timeoutMs: 30_000 })
  } catch (error) {
    logger.warn('udev could not be told to leave attached versions alone', { error })
  }
}
