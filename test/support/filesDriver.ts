import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '../../engine/base/logger.ts'
import { HoldfastError } from '../../engine/contract/errors.ts'
import type { AttachedVolume } from '../../engine/files/attachedVersion.ts'
import { extract } from '../../engine/files/extract.ts'
import { plainVolume } from '../../engine/files/layout.ts'
import { withVersionFiles } from '../../engine/files/versionFiles.ts'

/**
 * Opens an image that nbdkit serves, as if it were a version, and prints JSON:
 *   filesDriver.ts STATE_DIR IMAGE volumes
 *   filesDriver.ts STATE_DIR IMAGE extract DEST PASSPHRASE [VOLUME…]   volumes that can be opened, to DEST/NAME
 *   filesDriver.ts STATE_DIR IMAGE hold - PASSPHRASE [VOLUME…]         opens them and waits; prints "open" when they are
 * Without names, all volumes.
 */
const [stateDir, image, action, destination, passphrase, ...wanted] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  ...string[],
]

async function serve(socketPath: string) {
  const server = spawn('nbdkit', ['--foreground', '--readonly', '--unix', socketPath, 'file', image], {
    stdio: 'ignore',
  })
  for (;;) {
    const isThere = await access(socketPath).then(
      () => true,
      () => false,
    )
    if (isThere) return { exportName: '', close: async () => void server.kill() }
    await sleep(20)
  }
}

const asText = (error: unknown) => (error instanceof HoldfastError ? error.code : String(error))

const options = { stateDir, title: 'a test', serve, logger: createLogger() }

const answer = await withVersionFiles(options, async (version, attachment) => {
  const volumes = version.volumes.map(plainVolume)
  if (action === 'volumes') return { volumes }
  const opened: Record<string, unknown> = {}
  const rest: AttachedVolume[] = [...version.volumes]
  for (let volume = rest.shift(); volume; volume = rest.shift()) {
    const { name, state } = volume
    if (state === 'closed' || (wanted.length > 0 && !wanted.includes(name))) continue
    if (state === 'locked') {
      const wrong = await version.unlock(volume, `not ${passphrase}`).catch(error => error)
      opened[`${name} with another passphrase`] = asText(wrong)
      rest.push(...(await version.unlock(volume, passphrase)))
      continue
    }
    const { root, note } = await version.open(volume)
    const item = { source: root, name: name.replaceAll('/', '-') }
    const how = { version: 'test', destination, existing: 'refuse', dryRun: false } as const
    opened[name] = { note, problems: action === 'extract' ? (await extract(attachment, [item], how)).problems : [] }
  }
  if (action === 'hold') {
    process.stdout.write('open\n')
    await sleep(600_000)
  }
  return { volumes, opened }
}).catch(error => ({ error: asText(error) }))
process.stdout.write(`${JSON.stringify(answer)}\n`)
