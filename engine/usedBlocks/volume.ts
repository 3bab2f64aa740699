import { type FileHandle, open } from 'node:fs/promises'
import { runCommand } from '../base/command.ts'
import { doubt } from './doubt.ts'
import { Lines } from './lines.ts'

/** Programs read metadata only; what takes longer than this would take longer than reading everything may be worth. */
const longestRunMs = 20 * 60 * 1000
/** Bounds a program gone mad; nothing of it is kept in memory. */
const mostPrinted = 16 * 1024 ** 3

/** What is looked at: its bytes, and programs that read its metadata. Never written to. */
export class Volume {
  readonly path: string
  readonly sizeBytes: number
  /** A regular file, which some programs want to be told. */
  readonly isFile: boolean
  /** See UsedBlocksOptions. */
  readonly frozen: boolean
  readonly signal: AbortSignal | undefined
  readonly #file: FileHandle

  private constructor(
    path: string,
    file: FileHandle,
    isFile: boolean,
    options: { sizeBytes: number; frozen?: boolean; signal?: AbortSignal },
  ) {
    this.path = path
    this.#file = file
    this.isFile = isFile
    this.sizeBytes = options.sizeBytes
    this.frozen = options.frozen ?? false
    this.signal = options.signal
  }

  static async open(
    path: string,
    options: { sizeBytes: number; frozen?: boolean; signal?: AbortSignal },
  ): Promise<Volume> {
    const file = await open(path, 'r')
    return new Volume(path, file, (await file.stat()).isFile(), options)
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** Exactly these bytes; a Doubt when they are not all there. */
  async read(offset: number, length: number): Promise<Buffer> {
    if (offset + length > this.sizeBytes) doubt('its metadata reaches beyond its end')
    const bytes = Buffer.alloc(length)
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#file.read(bytes, done, length - done, offset + done)
      if (bytesRead === 0) doubt('its metadata reaches beyond its end')
      done += bytesRead
    }
    return bytes
  }

  /** Runs a program and hands on what it prints, piece by piece. Resolves to what it says on its standard error. */
  async run(
    program: string,
    args: readonly string[],
    onPiece: (piece: Buffer) => void,
    signal: AbortSignal | undefined = this.signal,
  ): Promise<string> {
    const { stderr } = await runCommand(program, args, {
      failureCode: 'source.unsupported',
      maxOutputBytes: mostPrinted,
      timeoutMs: longestRunMs,
      onOutput: onPiece,
      ...(signal ? { signal } : {}),
    })
    return stderr
  }

  /** The same by lines. A Doubt when it says more on its standard error than its own name. */
  async runLines(program: string, args: readonly string[], onLine: (line: string) => void): Promise<void> {
    const lines = new Lines(onLine)
    const said = await this.run(program, args, piece => lines.push(piece))
    lines.end()
    const complaints = said.split('\n').filter(line => line.trim() !== '' && !line.startsWith(`${program} `))
    if (complaints.length > 0) doubt(`${program} complains about it: ${complaints[0]!.trim().slice(0, 200)}`)
  }
}
