import { type ChildProcess, spawn } from 'node:child_process'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomHex } from '../../base/random.ts'
import { HoldfastError } from '../../contract/errors.ts'

export interface RcloneProcessOptions {
  url: string
  /** Text of a configuration, instead of that of whoever runs it. */
  config?: string | undefined
}

/** A running rclone, and how to speak to it. */
export interface RcloneProcess {
  port: number
  /** Value of the header Authorization. */
  authorization: string
  readonly hasEnded: boolean
  /** Ends it and waits until it has ended. May be repeated. */
  stop(): Promise<void>
}

const startMs = 30_000
/** Settings in the environment that would change where it listens, whom it lets in, or what it says of that. */
const disturbing = /^RCLONE_(RC|RC_.*|LOG_.*|USE_JSON_LOG|SYSLOG.*|QUIET|VERBOSE)$/

/** As little memory as large objects permit, and times that cost no request of their own (S3, Swift). */
const settings = [
  ...['--rc-serve', '--use-server-modtime', '--ask-password=false', '--contimeout=20s', '--timeout=60s'],
  // Whoever asks repeats, too; ten times for each of ours would keep somebody who is offline waiting for minutes.
  '--low-level-retries=3',
]

/**
 * Starts rclone's remote control on a free port of the loopback device, for whoever has the password that is made for this one
 * process and handed over in its environment. The kernel ends it when this process ends, however that ends. storage.failed
 * when it is not installed or does not start.
 */
export async function startRclone({ url, config }: RcloneProcessOptions): Promise<RcloneProcess> {
  const user = 'holdfast'
  const password = randomHex(24)
  const inherited = Object.entries(process.env).filter(([name]) => !disturbing.test(name))
  const file = config === undefined ? undefined : await unnamedFile(config)
  try {
    const args = ['--pdeathsig', 'KILL', '--', 'rclone', 'rcd', '--rc-addr', '127.0.0.1:0', ...settings]
    const child = spawn('setpriv', args, {
      env: {
        ...Object.fromEntries(inherited),
        RCLONE_RC_USER: user,
        RCLONE_RC_PASS: password,
        // It opens the file anew, whenever it needs it.
        ...(file && { RCLONE_CONFIG: '/proc/self/fd/3' }),
      },
      stdio: ['ignore', 'ignore', 'pipe', file ? file.fd : 'ignore'],
    })
    const port = await portOf(child, url)
    const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
    // Neither it nor what it says keeps this process alive.
    child.unref()
    return {
      port,
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      get hasEnded() {
        return child.exitCode !== null || child.signalCode !== null
      },
      stop: async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.ref()
        child.kill('SIGTERM')
        const kill = setTimeout(() => child.kill('SIGKILL'), 5000)
        await ended
        clearTimeout(kill)
      },
    }
  } finally {
    await file?.close()
  }
}

/** Keeps a text where only whoever is given the open file can read it, and nothing remains of it. */
async function unnamedFile(text: string): Promise<FileHandle> {
  const path = join(tmpdir(), `holdfast-${randomHex(8)}`)
  const file = await open(path, 'wx+', 0o600)
  try {
    await unlink(path)
    await file.writeFile(text)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

function portOf(child: ChildProcess, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = ''
    let isSettled = false
    const fail = (why: string) => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(notStarted(url, why))
    }
    const timer = setTimeout(() => fail('it was not ready within 30 s'), startMs)
    child.once('error', error =>
      fail(errnoOf(error) === 'ENOENT' ? 'the program setpriv was not found' : error.message),
    )
    child.once('exit', () => fail(said.trim().split('\n').slice(-3).join('; ')))
    const stderr = child.stderr as Socket
    stderr.on('data', data => {
      // Later it is read only so that rclone is never held up: each call has its own error.
      if (isSettled) return
      said += data
      const port = /Serving remote control on \S*?http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]
      if (port === undefined) return
      isSettled = true
      clearTimeout(timer)
      stderr.unref()
      resolve(Number(port))
    })
  })
}

const errnoOf = (error: Error): string | undefined => (error as NodeJS.ErrnoException).code

function notStarted(url: string, why: string): HoldfastError {
  const isMissing = /rclone: No such file|rclone: not found/i.test(why)
  const message = isMissing
    ? `rclone is not installed, and ${url} needs it.`
    : `rclone did not start for ${url}: ${why}.`
  return new HoldfastError('storage.failed', message, {
    advice: isMissing
      ? 'Install the package rclone (sudo apt install rclone).'
      : 'Try "rclone listremotes"; its configuration may be damaged or need a password (RCLONE_CONFIG_PASS).',
    details: { url, program: 'rclone' },
  })
}
