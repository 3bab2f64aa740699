import { HoldfastError } from '../../../engine/contract/errors.ts'
import { authoriserFor } from '../../../engine/helper/access/choose.ts'

/**
 * Asks the authoriser about any process, as root: authorise.ts PID STARTTICKS UID. Prints the reason of the denial, or
 * 'allowed'.
 */
const [pid, startTicks, uid] = process.argv.slice(2) as [string, string, string]
try {
  await authoriserFor(0).authorise({ pid: Number(pid), startTicks, uid: Number(uid) }, 'read', {}, false)
  process.stdout.write('allowed\n')
} catch (error) {
  if (!(error instanceof HoldfastError)) throw error
  process.stdout.write(`${error.code} ${error.details.reason}\n`)
}
