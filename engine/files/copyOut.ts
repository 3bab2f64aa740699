import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { findSystemProgram, systemProgramEnvironment } from '../base/systemPrograms.ts'
import { cancelled, HoldfastError } from '../contract/errors.ts'

/**
 * Copying is done by cp of GNU coreutils: it is on every computer, keeps owners, modes, times to the nanosecond, extended
 * attributes (access lists and capabilities among them), hard links and holes, and goes on after what it cannot read. It only ever
 *writes into a folder that was just made and that nobody else may enter, named by an open handle; there it cannot meet a link of
 * somebody's, it refuses to write through links that it has made itself, and placing.ts brings the result to its place by handles alone. debugfs and tar would take names from the
 * disk as paths; here they come from a mounted file system, which has none with a slash.
 */

/** --sparse=always: what is zero on the backup needs no room. */
const args = ['--archive', '--sparse=always', '--no-target-directory', '--']
const progressMs = 250
const mostSaidBytes = 1024 * 1024

export interface CopyWish {
  /** Without links in its path but for the last part. */
  source: string
  /** Name to be made in the folder. */
  name: string
  /** The folder, by /proc/self/fd; a program of ours sees it as its working folder. */
  folder: string
  signal?: AbortSignal | undefined
  /** Bytes written so far. */
  onBytes?: (bytes: number) => void
}

/** Copies a file or a tree; answers with what could not be copied in full, one line each. run.cancelled. */
export async function copyOut({ source, name, folder, signal, onBytes }: CopyWish): Promise<string[]> {
  const program = await findSystemProgram('cp')
  if (program === undefined) {
    throw new HoldfastError('config.invalid', 'cp is needed to copy files and is not installed.', {
      advice: 'Install the package coreutils: apt install coreutils',
    })
  }
  return await new Promise((resolve, reject) => {
    // In a session of its own, so that Ctrl-C in a terminal reaches us alone and we can end in order.
    const child = spawn(program, [...args, source, name], {
      cwd: folder,
      env: systemProgramEnvironment,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    })
    let said = ''
    child.stderr!.on('data', (chunk: Buffer) => {
      if (said.length < mostSaidBytes) said += chunk.toString('utf8')
    })
    const stop = () => child.kill('SIGTERM')
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop, { once: true })
    const timer = setInterval(
      () => void writtenBy(child).then(bytes => bytes !== undefined && onBytes?.(bytes)),
      progressMs,
    )
    const settle = () => {
      clearInterval(timer)
      signal?.removeEventListener('abort', stop)
    }
    child.on('error', error => {
      settle()
      reject(new HoldfastError('files.copyFailed', `cp cannot be run: ${error.message}`, { cause: error }))
    })
    child.on('close', exitCode => {
      settle()
      if (signal?.aborted) return reject(cancelled('Copying files'))
      if (exitCode === 0) return resolve([])
      const lines = said.split('\n').filter(line => line !== '')
      resolve(lines.length > 0 ? lines.map(problemText) : [`cp ended with exit code ${exitCode}.`])
    })
  })
}

const problemText = (line: string): string => line.replace(/^\S*cp: /, '')

/** proc_pid_io(5): wchar also counts what the kernel copies for it. */
async function writtenBy({ pid }: ChildProcess): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/io`, 'latin1').catch(() => '')
  const found = /^wchar: (\d+)$/m.exec(text)
  return found ? Number(found[1]) : undefined
}
