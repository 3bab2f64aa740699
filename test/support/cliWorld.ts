import { PassThrough, Writable } from 'node:stream'
import { Interruption } from '../../engine/cli/interruption.ts'
import type { OutputStream } from '../../engine/cli/output.ts'
import { runCommandLine } from '../../engine/cli/program.ts'
import type { InputStream } from '../../engine/cli/prompt.ts'
import type { Engine, Secret, Session } from '../../engine/engineApi.ts'

/** Keeps what is written to it; a terminal if it is told so. */
export function memoryStream(terminal?: { columns: number }): OutputStream & { text: () => string } {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  return Object.assign(stream, {
    text: () => text,
    ...(terminal === undefined ? {} : { isTTY: true, columns: terminal.columns }),
  })
}

/** A keyboard: what is typed into it arrives as a terminal in raw mode sends it. */
export function keyboard(): InputStream & { type: (text: string) => void; raw: boolean[] } {
  const stream = new PassThrough()
  const raw: boolean[] = []
  return Object.assign(stream, {
    isTTY: true,
    raw,
    setRawMode: (on: boolean) => raw.push(on),
    type: (text: string) => void stream.write(text),
  })
}

export interface RunOptions {
  env?: Record<string, string>
  /** Methods of the open repository that the command may call. */
  session?: Partial<Session>
  /** Instead of an engine that opens every repository with the session. */
  engine?: Partial<Engine>
  /** Standard output and standard error are a terminal of this width, and standard input is its keyboard. */
  terminal?: { columns: number }
  stdin?: InputStream
  interruption?: Interruption
}

export interface RunResult {
  code: number
  stdout: string
  stderr: string
  /** What the engine was asked to open or make, in order. */
  opened: { url: string; secret: Secret }[]
  closed: number
}

/** Runs a command line in this process against an engine of the test's own. */
export async function runInProcess(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const stdout = memoryStream(options.terminal)
  const stderr = memoryStream(options.terminal)
  const result: RunResult = { code: 0, stdout: '', stderr: '', opened: [], closed: 0 }
  const engine: Partial<Engine> = options.engine ?? {
    async open(url, secret) {
      result.opened.push({ url, secret })
      const close = async () => {
        result.closed++
      }
      return { repositoryId: '0'.repeat(32), url, close, ...options.session } as Session
    },
  }
  result.code = await runCommandLine(argv, {
    env: { HOLDFAST_REPO: '/repository', HOLDFAST_PASSPHRASE: 'open sesame', ...options.env },
    stdin: options.stdin ?? Object.assign(new PassThrough(), { isTTY: options.terminal !== undefined }),
    stdout,
    stderr,
    person: { uid: 1000, home: '/home/anna' },
    interruption: options.interruption ?? new Interruption(),
    createEngine: async () => engine as Engine,
  })
  return { ...result, stdout: stdout.text(), stderr: stderr.text() }
}
