import { basename } from 'node:path'
import { formatBytes } from '../base/bytes.ts'
import { runCommand } from '../base/command.ts'
import { HoldfastError } from '../contract/errors.ts'
import { checkTarget } from '../targets/checks.ts'
import { gatherTargetFacts } from '../targets/facts.ts'
import type { Cli } from './cli.ts'
import { printable, table } from './textLayout.ts'

/**
 * Shows on the terminal what is on a block device and asks for its name. True when the person typed it; run.cancelled when
 * they typed something else. False, without a question, when the target is no device, or when nothing could permit writing to
 * it: then the restore itself says why.
 */
export async function confirmErasing(cli: Cli, target: string, versionSizeBytes: number): Promise<boolean> {
  const facts = await gatherTargetFacts(target)
  const refusals = checkTarget(facts, { versionSizeBytes, force: true })
  if (facts.kind !== 'device' || refusals.length > 0) return false
  const name = basename(target)
  cli.output.tell(
    `Everything on ${printable(target)} (${formatBytes(facts.sizeBytes)}) will be written over:\n\n${await contents(target)}\n`,
  )
  const answer = await cli.ask(`Type ${printable(name)} to go on, anything else to stop: `, { hidden: false })
  if (answer.trim() === name || answer.trim() === target) return true
  throw new HoldfastError('run.cancelled', `The restore to ${target} was not confirmed.`, {
    advice: 'Nothing was written.',
  })
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
    rows.push([`  ${name}`, formatBytes(size), type, content.type, content.label, model ?? '', serial ?? ''])
  }
  const titles = ['  DEVICE', 'SIZE', 'KIND', 'CONTENT', 'LABEL', 'MODEL', 'SERIAL']
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

const flatten = (devices: readonly ListedDevice[]): ListedDevice[] =>
  devices.flatMap(device => [device, ...flatten(device.children ?? [])])
