import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from './logger.ts'
import type { RunSystemProgram } from './systemPrograms.ts'

/** Packages put it into the first of these. What we put into ours is gone when the computer is switched off. */
const packageFolders = ['/usr/lib/udev/rules.d', '/lib/udev/rules.d', '/etc/udev/rules.d']
const ownFolder = '/run/udev/rules.d'
const ruleName = '57-holdfast-own.rules'
const ownCopy = join(import.meta.dirname, '../../packaging/udev', ruleName)

/**
 * Sees to it that the system does not look at our devices (packaging/udev says what happens otherwise). Where no package has installed the
 * rule, it is put into /run. Without udev there is nobody to look.
 */
export async function hideOwnDevices(run: RunSystemProgram, logger: Logger): Promise<void> {
  const isThere = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    )
  if (!(await isThere('/run/udev/control'))) return
  for (const folder of packageFolders) if (await isThere(join(folder, ruleName))) return
  try {
    const rule = await readFile(ownCopy, 'utf8')
    const place = join(ownFolder, ruleName)
    if ((await readFile(place, 'utf8').catch(() => '')) === rule) return
    await mkdir(ownFolder, { recursive: true })
    await writeFile(place, rule)
    await run('udevadm', ['control', '--reload'], { failureCode: 'config.invalid', timeoutMs: 30_000 })
  } catch (error) {
    logger.warn('udev could not be told to leave devices of Holdfast alone', { error })
  }
}
