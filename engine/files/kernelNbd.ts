import { access, readdir } from 'node:fs/promises'
import { HoldfastError } from '../contract/errors.ts'
import type { NbdAddress } from './address.ts'
import type { Attachment } from './attachment.ts'
import { startInBackground } from './background.ts'
import { nbdIsOurs, servedBy } from './nbdOwner.ts'
import { inNbdTurn } from './nbdTurn.ts'
import type { Step } from './steps.ts'
import { type FilesSystem, needProgram, readSmall } from './system.ts'
import { waitFor } from './waiting.ts'

/**
 * Block devices of the kernel's NBD client. nbd-client is used over ioctl, not netlink, and stays there as a process: its command
 * line says whose device it is, and when our server is gone, so are the process and the device. Over netlink, nobody could tell, and a
 * device whose server was killed would stay.
 */

const connectMs = 30_000

/** Whether the kernel can do it; loads the module if need be and allowed. */
export async function hasKernelNbd(system: FilesSystem): Promise<boolean> {
  if (!system.isRoot) return false
  if (await isThere('/sys/block/nbd0')) return true
  await system.run('modprobe', ['nbd'], { failureCode: 'config.invalid', timeoutMs: 30_000 }).catch(() => undefined)
  return await isThere('/sys/block/nbd0')
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/**
 * Attaches an export, read-only unless asked otherwise, and gives the device. Devices that others take at the same moment are left to them. Fails with
 * config.invalid without nbd-client, files.busy when no device is free, and internal.bug when the server does not answer.
 */
export async function attachKernelNbd(
  attachment: Attachment,
  address: NbdAddress,
  signal?: AbortSignal,
  { writable = false }: { writable?: boolean } = {},
): Promise<string> {
  const program = await needProgram(attachment.system, 'nbd-client', 'attach a version')
  return await inNbdTurn(() => chooseAndConnect(attachment, program, address, { writable, signal }), signal)
}

async function chooseAndConnect(
  attachment: Attachment,
  program: string,
  address: NbdAddress,
  { writable, signal }: { writable: boolean; signal: AbortSignal | undefined },
): Promise<string> {
  const devices = (await readdir('/sys/block')).filter(name => /^nbd\d+$/.test(name)).map(name => `/dev/${name}`)
  devices.sort((a, b) => a.length - b.length || a.localeCompare(b))
  let last = ''
  for (const device of devices) {
    if ((await servedBy(device)) !== undefined) continue
    const step: Step = { kind: 'nbd', device, socketPath: address.socketPath }
    try {
      await attachment.step(step, () => connect(program, address, device, { writable, signal }))
      return device
    } catch (error) {
      if (!(error instanceof Taken)) throw error
      last = error.message
    }
  }
  throw new HoldfastError('files.busy', 'No NBD device of the kernel is free.', {
    advice: 'Close what else is attached, or give the kernel more: modprobe nbd nbds_max=32.',
    details: { devices: devices.length, said: last },
    retryable: true,
  })
}

/** Somebody else has the device. */
class Taken extends Error {}

async function connect(
  program: string,
  address: NbdAddress,
  device: string,
  { writable, signal }: { writable: boolean; signal: AbortSignal | undefined },
) {
  const mode = writable ? [] : ['-readonly']
  const args = ['-unix', address.socketPath, device, '-N', address.exportName, ...mode, '-nonetlink', '-nofork']
  const client = startInBackground(program, args)
  const name = device.slice('/dev/'.length)
  const isReady = await waitFor(
    async () => {
      if (client.ended()) return false
      if (!(await nbdIsOurs({ device, socketPath: address.socketPath }))) return undefined
      return Number(await readSmall(`/sys/block/${name}/size`)) > 0 ? true : undefined
    },
    { timeoutMs: connectMs, signal },
  )
  if (isReady) return
  const said = client.ended()?.said ?? ''
  if (/busy/i.test(said) || (await servedBy(device)) !== undefined) throw new Taken(said)
  throw new HoldfastError('internal.bug', `${device} could not be connected to the version.`, {
    advice: 'Try again, and report this with what nbd-client said.',
    details: { device, said },
  })
}
