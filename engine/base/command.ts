import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { cancelled, type ErrorCode, HoldfastError } from '../contract/errors.ts'

export interface CommandOptions {
  /** Code of the error when the program fails, says too much or takes too long. */
  failureCode: ErrorCode
  /** Exit codes that are no failure. Only 0 unless given. */
  expectedExitCodes?: readonly number[]
  /** Written to the program's standard input, which is empty otherwise. */
  input?: string | Uint8Array
  /** Variables beside PATH and LC_ALL=C, which are all that the program sees of ours. */
  env?: Record<string, string>
  /**
   * Takes standard output as it comes, instead of collecting it; its size then has no limit unless one is given. When it
   * throws, the program is ended and the call fails with what was thrown.
   */
  onOutput?: (chunk: Buffer) => void
  /** Largest allowed output, standard output and standard error each. 64 MiB unless given. */
  maxOutputBytes?: number
  /** Longest allowed run in milliseconds; no limit unless given. */
  timeoutMs?: number
  signal?: AbortSignal
}

export interface CommandResult {
  exitCode: number
  stdout: Buffer
  /** As text, for messages. */
  stderr: string
}

/** Administrators' tools live in folders that the PATH of ordinary users lacks on some systems. */
const toolFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

const usualOutputBytes = 64 * 1024 * 1024

/** How long a program that was asked to end may take to clean up before it is killed. */
const graceMs = 5000

const searchPath = () => {
  const own = (process.env.PATH ?? '').split(':').filter(folder => folder.startsWith('/'))
  return [...new Set([...own, ...toolFolders])].join(':')
}

/**
 * Runs a program, by absolute path or by name, without a shell, and collects what it prints. Messages are in English and
 * numbers in the C locale.
 *
 * Fails with `config.invalid` when there is no such program or it may not be run, with `run.cancelled` when the signal fires,
 * and with `failureCode` when it ends with an unexpected exit code or by a signal, prints more than it may, or takes too
 * long; details are {program, args, exitCode, stderr}. When it resolves or rejects, the program has ended (unless it belongs
 * to another user and cannot be stopped), so calls that have no effect of their own may be repeated.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { failureCode, expectedExitCodes = [0], timeoutMs, signal, onOutput } = options
  if (signal?.aborted) throw cancelled(program)

  const fail = (what: string, details: Record<string, unknown>) =>
    new HoldfastError(failureCode, `${program} ${what}.`, {
      advice: `Run it by hand to see more: ${[program, ...args].join(' ')}`,
      details: { program, args: [...args], ...details },
    })

  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { PATH: searchPath(), LC_ALL: 'C', ...options.env },
      stdio: 'pipe',
      shell: false,
    })
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const sizes = { stdout: 0, stderr: 0 }
    /** Why we ended it; the first reason counts. */
    let stopped: unknown
    let killTimer: NodeJS.Timeout | undefined
    const stop = (reason: unknown) => {
      if (stopped !== undefined) return
      stopped = reason
      child.kill('SIGTERM')
      killTimer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    }
    const timeoutTimer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => stop(fail(`did not end within ${timeoutMs} ms`, { timeoutMs })), timeoutMs)
    const onAbort = () => stop(cancelled(program))
    signal?.addEventListener('abort', onAbort, { once: true })

    const settle = () => {
      clearTimeout(killTimer)
      clearTimeout(timeoutTimer)
      signal?.removeEventListener('abort', onAbort)
    }
    const hand = (taker: (chunk: Buffer) => void, chunk: Buffer) => {
      if (stopped !== undefined) return
      try {
        taker(chunk)
      } catch (error) {
        stop(error)
      }
    }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        const taker = name === 'stdout' ? onOutput : undefined
        const most = options.maxOutputBytes ?? (taker ? Number.POSITIVE_INFINITY : usualOutputBytes)
        sizes[name] += chunk.length
        if (sizes[name] > most) stop(fail(`printed more than ${most} bytes`, { maxOutputBytes: most }))
        else if (taker) hand(taker, chunk)
        else output[name].push(chunk)
      })
    }
    // A program that does not read all of its input is no failure; its exit code tells.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input)

    child.on('error', error => {
      settle()
      // It runs but may not be signalled, as sudo may not by others than root: that it goes on is not in our hands.
      if (child.pid !== undefined) return reject(stopped ?? fail(`cannot be controlled: ${error.message}`, {}))
      void startFailed(program, error as NodeJS.ErrnoException).then(reject)
    })
    // Programs that it started may hold the pipes open long after it ended, so when we ended it we do not wait for them.
    child.on('exit', () => {
      if (stopped === undefined) return
      child.stdout.destroy()
      child.stderr.destroy()
    })
    child.on('close', (exitCode, endedBy) => {
      settle()
      // Never started: 'error' tells why, and the exit code here is made up.
      if (child.pid === undefined) return
      if (stopped !== undefined) return reject(stopped)
      const stderr = Buffer.concat(output.stderr).toString('utf8')
      if (exitCode !== null && expectedExitCodes.includes(exitCode)) {
        return resolve({ exitCode, stdout: Buffer.concat(output.stdout), stderr })
      }
      const how = exitCode === null ? `was ended by ${endedBy}` : `failed with exit code ${exitCode}`
      const said = stderr.trim().slice(0, 2000)
      reject(fail(said === '' ? how : `${how}: ${said}`, { exitCode, stderr: said }))
    })
  })
}

async function startFailed(program: string, error: NodeJS.ErrnoException): Promise<HoldfastError> {
  const missing = error.code === 'ENOENT' || (error.code === 'EACCES' && !(await exists(program)))
  return new HoldfastError(
    'config.invalid',
    missing ? `The program ${program} is not installed.` : `The program ${program} cannot be run: ${error.code}.`,
    {
      advice: missing ? `Install the package that contains ${program}.` : 'Check its permissions.',
      details: { program, errno: error.code },
      cause: error,
    },
  )
}

/** One folder of the PATH that may not be entered makes every missing program EACCES (execvp(3)), so this looks again. */
async function exists(program: string): Promise<boolean> {
  const paths = program.includes('/')
    ? [program]
    : searchPath()
        .split(':')
        .map(folder => join(folder, program))
  const found = await Promise.all(
    paths.map(path =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}
