import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { linux } from '../base/linux.ts'
import { HoldfastError } from '../contract/errors.ts'

/**
 * Keeps every other helper from a state folder until it is closed or the process ends, however that ends.
 * helper.alreadyRunning when another one has it. Where the file system knows no locks, the lock of the socket has to do.
 */
export async function lockState(stateDir: string): Promise<{ close(): Promise<void> }> {
  const file = await open(join(stateDir, 'helper.lock'), 'a', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new HoldfastError('config.invalid', `${stateDir} cannot be used to keep jobs: ${error.code}.`, {
      advice: 'Give it to the user of the background service.',
      details: { path: stateDir },
    })
  })
  try {
    if (linux.lockFile(file.fd) === 'taken') {
      throw new HoldfastError('helper.alreadyRunning', `A background service is already running with ${stateDir}.`, {
        advice: 'Stop it first ("systemctl stop holdfast"), or use another folder.',
        details: { path: stateDir },
      })
    }
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}
