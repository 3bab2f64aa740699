/**
 * The service of a computer, in this process, asked by somebody for a new logical volume. Arguments: a folder for its own, an
 * image to be backed up, the volume group. Prints JSON {groups, plan, run, asked, taken}.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../engine/base/clock.ts'
import { createLogger } from '../../engine/base/logger.ts'
import { createEngine } from '../../engine/engine.ts'
import { AuditTrail } from '../../engine/helper/access/audit.ts'
import { Erasing } from '../../engine/helper/access/erasing.ts'
import { RotatingFile } from '../../engine/helper/access/rotatingFile.ts'
import { destinationHandlers } from '../../engine/helper/handlers/destinations.ts'
import { restoreHandlers } from '../../engine/helper/handlers/restores.ts'
import { Helper } from '../../engine/helper/helper.ts'
import { MemorySecrets } from '../../engine/secrets/memorySecrets.ts'
import './cheapPassphrases.ts'

const [folder, image, group] = process.argv.slice(2) as [string, string, string]
const passphrase = 'open sesame'
const clock = systemClock
const logger = createLogger({ write: () => undefined })
const context = {
  peer: { transport: 'unix' as const, process: { pid: process.pid, uid: 1000, gid: 1000, startTicks: '1' } },
  signal: new AbortController().signal,
  authorise: async () => undefined,
  log: logger,
}

await mkdir(folder, { recursive: true })
const engine = createEngine({ stateDir: join(folder, 'other') })
const path = join(folder, 'backups')
await engine.init(path, { kind: 'passphrase', passphrase })
const session = await engine.open(path, { kind: 'passphrase', passphrase })
const { version } = await session.backup(image, { name: 'disk' })
await session.close()

const asked: unknown[] = []
const file = (name: string) => new RotatingFile({ path: join(folder, name), maxBytes: 100_000, keep: 1 })
const trail = new AuditTrail({ erases: file('erases'), denials: file('denials'), clock, logger })
const authoriser = {
  authorise: async (_peer: unknown, action: string, details: object) => void asked.push({ action, ...details }),
}
const helper = await Helper.open({
  stateDir: join(folder, 'state'),
  runDir: join(folder, 'run'),
  mode: 'system',
  secrets: new MemorySecrets(),
  erasing: new Erasing({ authoriser, trail }),
  clock,
  logger,
})
await destinationHandlers(helper)['destinations.open'](
  {
    name: 'backups',
    place: { kind: 'folder', path },
    secret: { kind: 'passphrase', text: passphrase },
    mayMount: true,
    ejectAfterBackup: false,
  },
  context,
)
const calls = restoreHandlers(helper)
const common = { destination: 'backups', version }
const { groups } = await calls['restores.targets'](common, context)
const target = { kind: 'newVolume' as const, group, name: 'asked', thinPool: null }
const wish = { ...common, target, delta: false, verify: true, grow: false }
const plan = await calls['restores.plan'](wish, context)
const started = await calls['restores.start']({ planId: plan.planId, confirmation: '' }, context)
while (helper.runs.find(started.run)!.state === 'running') await clock.sleep(50)
const run = helper.runs.find(started.run)
const again = async () => await calls['restores.plan'](wish, context)
const taken = await again().catch(error => ({ code: error.code }))
await helper.stop()
process.stdout.write(JSON.stringify({ groups, plan, run, asked, taken }))
