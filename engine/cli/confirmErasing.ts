import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { formatBytes } from '../base/bytes.ts'
import { runCommand } from '../base/command.ts'
import { HoldfastError } from '../contract/errors.ts'
import { checkTarget } from '../targets/checks.ts'
import type { ExpectedDevice } from '../targets/device.ts'
import { endsOfDevice } from '../targets/deviceEnds.ts'
import { gatherTargetFacts } from '../targets/facts.ts'
import { headBytes, identifyFileSystem } from '../versions/fileSystemHead.ts'
import type { Cli } from './cli.ts'
import { printable, table } from './textLayout.ts'
import { localMinute } from './words.ts'

/**
 * Shows on the terminal what is on a block device and asks for its name. Answers with what the device was, for the restore to
 * compare, when the person typed it; run.cancelled when they typed something else. Undefined, without a question, when the
 * target is no device, or when nothing could permit writing to it: then the restore itself says why.
 */
export async function confirmErasing(
  cli: Cli,
  target: string,
  versionSizeBytes: number,
): Promise<ExpectedDevice | undefined> {
  const facts = await gatherTargetFacts(target)
  const refusals = checkTarget(facts, { versionSizeBytes, force: true })
  if (facts.kind !== 'device' || refusals.length > 0) return undefined
  // Before it is shown: what comes later is not what was agreed to.
  const ends = await reading(target, file => endsOfDevice(file, facts.sizeBytes))
  if (ends === undefined) return undefined
  const name = basename(target)
  cli.output.tell(
    `Everything on ${printable(target)} (${formatBytes(facts.sizeBytes)}) will be written over:\n\n${await contents(target)}\n`,
  )
  const answer = await cli.ask(`Type ${printable(name)} to go on, anything else to stop: `, { hidden: false })
  if (answer.trim() === name || answer.trim() === target) return { sizeBytes: facts.sizeBytes, ends }
  throw new HoldfastError('run.cancelled', `The restore to ${target} was not confirmed.`, {
    advice: 'Nothing was written.',
  })
}

/** Undefined when the device cannot be read. */
async function reading<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T | undefined> {
  try {
    const file = await open(path, 'r')
    try {
      return await use(file)
    } finally {
      await file.close()
    }
  } catch {
    return undefined
  }
}

interface ListedDevice {
  name: string
  path: string
  size: number
  type: string
  fstype: string | null
  label: string | null
  model: string | null
  serial: string | null
  children?: ListedDevice[]
}

/** What is on a device and on its partitions; a line that says so when nobody can tell. */
async function contents(device: string): Promise<string> {
  const columns = 'NAME,PATH,SIZE,TYPE,FSTYPE,LABEL,MODEL,SERIAL'
  let listed: ListedDevice[]
  try {
    const { stdout } = await runCommand('lsblk', ['--json', '--bytes', '--output', columns, device], {
      failureCode: 'target.unsupported',
      timeoutMs: 10_000,
    })
    listed = (JSON.parse(stdout.toString()) as { blockdevices: ListedDevice[] }).blockdevices
  } catch {
    return '  (lsblk cannot tell what is on it)\n'
  }
  const rows: string[][] = []
  for (const { name, path, size, type, fstype, label, model, serial } of flatten(listed)) {
    const content = fstype === null ? await probed(path) : { type: fstype, label: label ?? '' }
    const mounted = content.type.startsWith('ext') ? await lastMounted(path, size) : ''
    rows.push([`  ${name}`, formatBytes(size), type, content.type, content.label, mounted, model ?? '', serial ?? ''])
  }
  const titles = ['  DEVICE', 'SIZE', 'KIND', 'CONTENT', 'LABEL', 'LAST MOUNTED', 'MODEL', 'SERIAL']
  return table(
    titles.map(title => ({ title, ...(title === 'SIZE' ? { align: 'right' as const } : {}) })),
    rows,
    undefined,
  )
}

/** What a look at the device itself says: lsblk knows contents only where udev runs, which rescue systems may lack. */
async function probed(path: string): Promise<{ type: string; label: string }> {
  try {
    const { stdout } = await runCommand('blkid', ['--probe', '--output', 'export', path], {
      failureCode: 'target.unsupported',
      timeoutMs: 10_000,
    })
    const tag = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout.toString())?.[1] ?? ''
    return { type: tag('TYPE') || tag('PTTYPE'), label: tag('LABEL') }
  } catch {
    // Nothing that it recognizes.
    return { type: '', label: '' }
  }
}

/** Where and when, of file systems that say so; '' otherwise. */
async function lastMounted(path: string, sizeBytes: number): Promise<string> {
  const head = await reading(path, async file => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return identifyFileSystem(buffer.subarray(0, bytesRead), sizeBytes)
  })
  const { path: where, date } = head?.lastMounted ?? { path: null, date: null }
  return [where, date === null ? null : localMinute(date)].filter(text => text !== null).join(', ')
}

const flatten = (devices: readonly ListedDevice[]): ListedDevice[] =>
  devices.flatMap(device => [device, ...flatten(device.children ?? [])])
