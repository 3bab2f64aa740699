import type { Writable } from 'node:stream'
import { errorText, toWireError } from './errorText.ts'
import { type ExitCode, exitCodeOf } from './exitCodes.ts'
import { jsonProgress, noProgress, type ProgressSink, terminalProgress } from './progressBar.ts'
import { printable } from './textLayout.ts'

/** A stream that may be a terminal, as process.stdout is. */
export type OutputStream = Writable & { isTTY?: boolean | undefined; columns?: number | undefined }

export interface OutputOptions {
  stdout: OutputStream
  stderr: OutputStream
  env: Readonly<Record<string, string | undefined>>
  /** One JSON document on standard output, progress as JSON lines on standard error, and nothing else anywhere. */
  json: boolean
  /** No progress and no summaries of what was done; what was asked for and what went wrong are still said. */
  quiet: boolean
  /** Stack traces below errors. */
  debug: boolean
  color: boolean
  /** Monotonic milliseconds. */
  now?: () => number
}

type Paint = 'red' | 'yellow' | 'green' | 'bold'
const paints: Record<Paint, string> = { red: '31', yellow: '33', green: '32', bold: '1' }

/** Some terminals (serial lines, `script`) say that they have 0 columns or nothing at all. */
const assumedColumns = 80

/**
 * Everything that a command prints goes through here, so that --json, --quiet, colours and the progress line are decided in
 * one place. Never throws: a reader that has gone away must not fail the work.
 */
export class Output {
  readonly json: boolean
  readonly quiet: boolean
  readonly debug: boolean
  readonly progress: ProgressSink
  readonly #options: OutputOptions

  constructor(options: OutputOptions) {
    this.#options = options
    this.json = options.json
    this.quiet = options.quiet
    this.debug = options.debug
    const write = (text: string) => this.#write(options.stderr, text)
    if (options.quiet) this.progress = noProgress
    else if (options.json) this.progress = jsonProgress(write, options.now ?? (() => performance.now()))
    else if (options.stderr.isTTY && options.env.TERM !== 'dumb') {
      this.progress = terminalProgress(write, () => options.stderr.columns || assumedColumns)
    } else this.progress = noProgress
  }

  /** Columns that a table may take: those of the terminal, or any number in a pipe. */
  get width(): number | undefined {
    return this.#options.stdout.isTTY ? this.#options.stdout.columns || assumedColumns : undefined
  }

  /** What the command was asked for: the value with --json, otherwise the text. */
  result(value: unknown, text: () => string): void {
    this.progress.clear()
    if (this.json) this.#document(value)
    else this.#write(this.#options.stdout, text())
  }

  /** Like `result` for commands that change something: the text is only a confirmation, which --quiet leaves out. */
  done(value: unknown, text: () => string): void {
    this.result(value, () => (this.quiet ? '' : text()))
  }

  /** Text on standard output as a command goes along; nothing with --json or --quiet. */
  say(text: string): void {
    if (this.json || this.quiet) return
    this.progress.clear()
    this.#write(this.#options.stdout, text)
  }

  /** Something that people should know although it is no failure. The JSON results carry their warnings themselves. */
  warn(text: string): void {
    if (this.json) return
    this.progress.clear()
    this.#write(this.#options.stderr, `${this.onStderr('yellow', 'Note:')} ${printable(text)}\n`)
  }

  /** Text for a person in front of the terminal, such as what comes before a question. */
  tell(text: string): void {
    this.progress.clear()
    this.#write(this.#options.stderr, text)
  }

  /** Reports what the command failed with, and gives the exit code for it. */
  fail(error: unknown): ExitCode {
    this.progress.clear()
    if (this.json) this.#document({ error: toWireError(error) })
    if (!this.json || this.debug) {
      const emphasise = (text: string) => this.onStderr('red', text)
      this.#write(this.#options.stderr, errorText(error, { debug: this.debug, emphasise }))
    }
    return exitCodeOf(error)
  }

  onStdout(paint: Paint, text: string): string {
    return this.#paint(this.#options.stdout, paint, text)
  }

  onStderr(paint: Paint, text: string): string {
    return this.#paint(this.#options.stderr, paint, text)
  }

  #paint(stream: OutputStream, paint: Paint, text: string): string {
    const { color, env } = this.#options
    const plain = !color || !stream.isTTY || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb'
    return plain ? text : `\x1b[${paints[paint]}m${text}\x1b[0m`
  }

  /** Indented for people, one line for programs. */
  #document(value: unknown): void {
    const { stdout } = this.#options
    this.#write(stdout, `${JSON.stringify(value, null, stdout.isTTY ? 2 : undefined)}\n`)
  }

  #write(stream: OutputStream, text: string): void {
    if (text === '' || stream.destroyed || stream.writableEnded) return
    stream.write(text)
  }
}
