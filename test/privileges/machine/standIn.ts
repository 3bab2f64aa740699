import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, open, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { z } from 'zod'
import { systemClock } from '../../../engine/base/clock.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { type AccessAction, type AccessDetails, eraseAction } from '../../../engine/helper/access/actions.ts'
import { AuditTrail } from '../../../engine/helper/access/audit.ts'
import { auditingAuthoriser } from '../../../engine/helper/access/auditing.ts'
import { authoriserFor } from '../../../engine/helper/access/choose.ts'
import { type Peer, processFacts } from '../../../engine/helper/access/peer.ts'
import { RotatingFile } from '../../../engine/helper/access/rotatingFile.ts'
import { processOfSocket } from '../../../engine/rpc/peer.ts'

/**
 * Runs as the service where tests need rights that no call of the helper asks for: to look into versions and to erase disks,
 * and to ask without a question for a password. The peer's credentials, polkit and the audit trail are those of the helper;
 * the work behind them is just enough to need the rights that the unit leaves. Lines of JSON each way.
 *
 * What there is to work on stands in inventory.json, which the tests write.
 */

const socketPath = '/run/holdfast/helper.sock'
const run = promisify(execFile)

const id = z.string().regex(/^[a-z0-9-]{1,40}$/)
const request = z.discriminatedUnion('call', [
  z.strictObject({ call: z.literal('mount'), version: id, interactive: z.boolean() }),
  z.strictObject({ call: z.literal('unmount'), version: id, interactive: z.boolean() }),
  z.strictObject({ call: z.literal('erase'), device: id, version: id, interactive: z.boolean() }),
])
type Request = z.infer<typeof request>

interface Inventory {
  disks: Record<string, { path: string; model: string; serial: string; removable: boolean }>
  versions: Record<string, { device: string; type: string; options: string }>
}

const readInventory = async (): Promise<Inventory> =>
  JSON.parse(await readFile('/var/lib/holdfast/inventory.json', 'utf8'))

const logger = createLogger()
const trailFile = (name: string) =>
  new RotatingFile({ path: `/var/log/holdfast/${name}.jsonl`, maxBytes: 1024 * 1024, keep: 4 })
const trail = new AuditTrail({
  erases: trailFile('erases'),
  denials: trailFile('denials'),
  logger,
  clock: systemClock,
})
const authoriser = auditingAuthoriser(authoriserFor(process.getuid?.() ?? -1), { trail, logger })

/** One of a table, by its id. Nothing else can be named. */
function offered<T>(table: Record<string, T>, key: string): T {
  if (Object.hasOwn(table, key)) return table[key]!
  throw new HoldfastError('usage.invalid', `There is no ${key}.`)
}

async function answer(peer: Peer, asked: Request, signal: AbortSignal): Promise<unknown> {
  const inventory = await readInventory()
  const allow = (action: AccessAction, details: AccessDetails = {}) =>
    authoriser.authorise(peer, action, details, asked.interactive, signal)
  switch (asked.call) {
    case 'mount': {
      const version = offered(inventory.versions, asked.version)
      await allow('browse', { version: asked.version })
      return { folder: await mountVersion(asked.version, version, peer.uid) }
    }
    case 'unmount':
      await allow('browse', { version: asked.version })
      await unmountVersion(asked.version, peer.uid)
      return {}
    case 'erase': {
      const { path, model, serial, removable } = offered(inventory.disks, asked.device)
      const { version } = asked
      const action = eraseAction({ kind: 'disk', removable })
      await allow(action, { device: model, serial, version })
      await eraseStart(path)
      const session = processFacts.session(peer.pid)
      await trail.record({ who: peer, session, action, deviceSerial: serial, version, result: 'done' })
      return {}
    }
  }
}

const folderOf = (name: string, uid: number) => `/run/holdfast-versions/${uid}/${name}`
const unitOf = (name: string) => `holdfast-mount@${name}.service`

/** As packaging/README.md says: this process has mounts of its own, so the unit mounts. */
async function mountVersion(name: string, version: Inventory['versions'][string], uid: number): Promise<string> {
  const folder = folderOf(name, uid)
  await mkdir(`/run/holdfast-versions/${uid}`, { recursive: true, mode: 0o700 })
  await chown(`/run/holdfast-versions/${uid}`, uid, uid)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await mkdir('/run/holdfast/versions', { recursive: true, mode: 0o700 })
  const { device, type, options } = version
  const facts = { SOURCE: device, TYPE: type, TARGET: folder, OPTIONS: options }
  const lines = Object.entries(facts).map(([key, value]) => `HOLDFAST_${key}=${value}\n`)
  await writeFile(`/run/holdfast/versions/${name}.env`, lines.join(''), { mode: 0o600 })
  await run('/usr/bin/systemctl', ['start', unitOf(name)])
  return folder
}

async function unmountVersion(name: string, uid: number): Promise<void> {
  await run('/usr/bin/systemctl', ['stop', unitOf(name)])
  await rmdir(folderOf(name, uid))
}

/** Needs the raw device, as restoring does. */
async function eraseStart(path: string): Promise<void> {
  const device = await open(path, 'r+')
  try {
    await device.write(Buffer.alloc(4096), 0, 4096, 0)
    await device.sync()
  } finally {
    await device.close()
  }
}

async function serve(socket: Socket): Promise<void> {
  const gone = new AbortController()
  socket.on('error', () => socket.destroy())
  socket.on('close', () => gone.abort())
  const peer = processOfSocket(socket)
  for await (const line of createInterface({ input: socket })) {
    const reply = await replyTo(peer, line, gone.signal)
    socket.write(`${JSON.stringify(reply)}\n`)
  }
}

async function replyTo(peer: Peer, line: string, signal: AbortSignal): Promise<unknown> {
  try {
    const parsed = request.safeParse(JSON.parse(line))
    if (!parsed.success) throw new HoldfastError('usage.invalid', z.prettifyError(parsed.error))
    return { value: await answer(peer, parsed.data, signal) }
  } catch (error) {
    return { error: error instanceof HoldfastError ? error.toWire() : { code: 'internal.bug', message: String(error) } }
  }
}

await rm(socketPath, { force: true })
const server = createServer(socket => {
  serve(socket).catch(error => {
    logger.warn('A connection ended', { error })
    socket.destroy()
  })
})
server.listen(socketPath, () => {
  // Everybody may ask; polkit decides.
  chmod(socketPath, 0o666).catch(error => {
    throw error
  })
})
process.on('SIGTERM', () => process.exit(0))
