import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A small computer of its own for what this one may not have: device-mapper, LVM, the kernel's NBD, udev, other modules. Its
 * files are those of this computer, and what it writes is forgotten.
 */

export interface VmOptions {
  /** When it is switched off, whatever it does. */
  seconds?: number
  memoryMiB?: number
  /** Sizes of empty disks (/dev/vda, /dev/vdb …), as truncate(1) takes them. */
  disks?: readonly string[]
  /** A folder in which the disks are kept: the next boot with it finds them as this one has left them. */
  disksIn?: string
  /** Files to be found there in /share, by name. */
  files?: Record<string, string | Uint8Array>
}

export interface VmResult {
  /** Of the script; null when it did not come to its end. */
  exitCode: number | null
  /** What it printed on both streams. */
  output: string
  /** What the kernel said. */
  console: string
  /** Files that it has left in /share, by name, beside those that it was given. */
  files: Record<string, Buffer>
}

const machine = join(import.meta.dirname, 'machine')
const bootScript = join(machine, 'boot.sh')
const ownFiles = new Set(['script.sh', 'output', 'exit-code', 'console'])

let isWarm = false

/** Runs a script of bash there as root, and waits for its end. Two at a time. */
export async function inVm(script: string, options: VmOptions = {}): Promise<VmResult> {
  if (!isWarm) spawnSync(join(machine, 'node.sh'), [join(machine, 'warm.ts')], { stdio: 'ignore', timeout: 60_000 })
  isWarm = true
  const { seconds = 240, memoryMiB = 2048, disks = [], disksIn = '', files = {} } = options
  const share = mkdtempSync(join(tmpdir(), 'holdfast-share-'))
  try {
    for (const [name, content] of Object.entries({ ...files, 'script.sh': script }))
      writeFileSync(join(share, name), content)
    const child = spawn(bootScript, [share, String(seconds), String(memoryMiB), ...disks], {
      env: { ...process.env, DISKS: disksIn },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', text => {
      said += text
    })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    if (code !== 0) throw new Error(`The virtual computer could not be started: ${said}`)
    const names = readdirSync(share)
    const read = (name: string) => (names.includes(name) ? readFileSync(join(share, name)) : Buffer.alloc(0))
    const exitCode = read('exit-code').toString('utf8').trim()
    const left = names.filter(name => !ownFiles.has(name) && !(name in files))
    return {
      exitCode: exitCode === '' ? null : Number(exitCode),
      output: read('output').toString('utf8'),
      console: read('console').toString('utf8'),
      files: Object.fromEntries(left.map(name => [name, read(name)])),
    }
  } finally {
    rmSync(share, { recursive: true, force: true })
  }
}

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root'
  for (const program of ['qemu-system-x86_64', 'busybox', 'cpio', 'modprobe']) {
    const { error } = spawnSync(program, ['--help'], {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    })
    if (error) return `${program} is not installed`
  }
  if (!readdirSync('/boot').some(name => /^vmlinuz-.*-cloud-/.test(name))) return 'linux-image-cloud is not installed'
  return undefined
}

/** Why there is no such computer here; undefined when there is. */
export const noVm = whyNot()
if (noVm !== undefined) console.warn(`Tests in a virtual computer are skipped: ${noVm}`)
