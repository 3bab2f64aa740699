import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const project = join(import.meta.dirname, '..', '..')

export interface Ended {
  exitCode: number | null
  stdout: string
  stderr: string
}

/** A checkout with scripts of the real one, where everything else is made by the test. */
export interface FakeCheckout {
  root: string
  path(...names: string[]): string
  /** Writes a file, with the folders above it. */
  write(name: string, text: string): Promise<void>
  /** Writes a shell script that can be run. */
  writeProgram(name: string, script: string): Promise<void>
  /** Copies a file of the real checkout, as it is. */
  take(name: string): Promise<void>
  /** Runs a program with the checkout's folder `fake-bin` first in PATH. */
  run(program: string, args?: string[], options?: { cwd?: string; env?: Record<string, string> }): Promise<Ended>
  /** Lines of a file of the checkout; none when it is missing. */
  lines(name: string): Promise<string[]>
  hashOf(name: string): Promise<string>
}

export function fakeCheckout(root: string): FakeCheckout {
  const path = (...names: string[]) => join(root, ...names)
  const write = async (name: string, text: string) => {
    await mkdir(dirname(path(name)), { recursive: true })
    await writeFile(path(name), text)
  }
  return {
    root,
    path,
    write,
    async writeProgram(name, script) {
      await write(name, `#!/bin/sh\n${script}\n`)
      await chmod(path(name), 0o755)
    },
    async take(name) {
      await mkdir(dirname(path(name)), { recursive: true })
      await copyFile(join(project, name), path(name))
    },
    run(program, args = [], options = {}) {
      const env = {
        ...process.env,
        ...options.env,
        PATH: `${path('fake-bin')}:${options.env?.PATH ?? process.env.PATH}`,
      }
      return new Promise((resolve, reject) => {
        const child = spawn(program, args, { cwd: options.cwd ?? root, env, stdio: ['ignore', 'pipe', 'pipe'] })
        const ended: Ended = { exitCode: null, stdout: '', stderr: '' }
        child.stdout.setEncoding('utf8').on('data', text => {
          ended.stdout += text
        })
        child.stderr.setEncoding('utf8').on('data', text => {
          ended.stderr += text
        })
        child.on('error', reject)
        child.on('close', exitCode => resolve({ ...ended, exitCode }))
      })
    },
    async lines(name) {
      const text = await readFile(path(name), 'utf8').catch(() => '')
      return text.split('\n').filter(line => line !== '')
    },
    async hashOf(name) {
      return createHash('sha256')
        .update(await readFile(path(name)))
        .digest('hex')
    },
  }
}
