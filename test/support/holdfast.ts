import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'

export const holdfastProgram = join(import.meta.dirname, '../../bin/holdfast')

export interface HoldfastOptions {
  env?: Record<string, string>
  /** Written to its standard input, which is then closed. */
  input?: string
}

export interface HoldfastResult {
  code: number | null
  /** What ended it, when it did not end by itself. */
  endedBy: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** What a started Holdfast is until it ends. */
export interface RunningHoldfast {
  process: ChildProcessWithoutNullStreams
  result: Promise<HoldfastResult>
  /** Resolves when the pattern has shown up on its standard error. Rejects when it ends before. */
  said(pattern: RegExp): Promise<void>
}

/** A folder with a repository in it, as a person has it: environment variables say where, and with which passphrase. */
export const placeIn = (folder: string): Record<string, string> => ({
  HOLDFAST_REPO: join(folder, 'repository'),
  HOLDFAST_STATE_DIR: join(folder, 'state'),
  HOLDFAST_PASSPHRASE: 'open sesame',
})

/** Starts bin/holdfast with no other HOLDFAST_ variables than those given. */
export function startHoldfast(args: readonly string[], options: HoldfastOptions = {}): RunningHoldfast {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_') && name !== 'NO_COLOR')
  const child = spawn(holdfastProgram, args, {
    env: { ...Object.fromEntries(inherited), TZ: 'UTC', ...options.env },
    stdio: 'pipe',
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  child.stdin.on('error', () => undefined).end(options.input ?? '')
  const result = new Promise<HoldfastResult>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, endedBy) => resolve({ code, endedBy, stdout, stderr }))
  })
  return {
    process: child,
    result,
    said: pattern =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (pattern.test(stderr)) resolve()
        }
        look()
        child.stderr.on('data', look)
        result.then(() => reject(new Error(`It ended without saying ${pattern}: ${stderr}`)), reject)
      }),
  }
}

/** Runs bin/holdfast to its end. */
export const holdfast = (args: readonly string[], options: HoldfastOptions = {}): Promise<HoldfastResult> =>
  startHoldfast(args, options).result
