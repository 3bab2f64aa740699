import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Secret } from '../../engine/engineApi.ts'

export const readerProgram = join(import.meta.dirname, '../../tools/read-repository.mjs')

/** A block id of the reader: one Latin-1 character for each byte. */
export type ReaderId = string

export interface ReaderKeys {
  blockId: Buffer
  mapId: Buffer
  idMask: Buffer
  packKey: Buffer
  object: Buffer
  config: Buffer
}

export interface ReaderFrame {
  kind: number
  compression: number
  offset: number
  sealedLength: number
  plainLength: number
  blocks: Buffer
}

export interface ReaderPack {
  id: string
  wrapped: Buffer
  frames: ReaderFrame[]
}

/** What tools/read-repository.mjs exports. It is plain JavaScript for people who have nothing else, so its types are here. */
export interface ReaderFunctions {
  deriveKeys(masterKey: Buffer, repositoryId: string): ReaderKeys
  macIsRight(text: string, configKey: Buffer): boolean
  slotKey(slot: unknown, secret: string | Buffer): Buffer
  openSlot(slot: unknown, repositoryId: string, secret: string | Buffer): Buffer
  phraseEntropy(text: string): Buffer | undefined
  openObject(keys: ReaderKeys, name: string, kind: number, bytes: Buffer): Buffer
  blockId(keys: ReaderKeys, kind: number, plain: Buffer): Buffer
  openPackKey(keys: ReaderKeys, id: string, wrapped: Buffer): Buffer
  openFrameKey(keys: ReaderKeys, id: string, wrapped: Buffer): Buffer
  openFrame(frameKey: Buffer, frame: Omit<ReaderFrame, 'blocks' | 'sealedLength'>, sealed: Buffer): Buffer
  openPackIndex(
    keys: ReaderKeys,
    id: string,
    size: number,
    read: (offset: number, length: number) => Buffer,
  ): ReaderPack
  framesOf(list: Buffer): ReaderFrame[]
  blocksOf(frame: ReaderFrame): { id: ReaderId; offset: number; length: number }[]
  parseSegment(plain: Buffer): { packs: (ReaderPack & { size: number })[]; superseded: string[] }
  levelsOf(blocks: number): number
  parseNode(plain: Buffer, level: number): [place: number, id: ReaderId][]
}

export const readerFunctions = (await import(readerProgram)) as ReaderFunctions

export interface ReaderResult {
  code: number
  stdout: string
  stderr: string
  /** The ranges that it could not read. */
  damaged: { offset: number; length: number }[]
}

/** Runs the reader as a program of its own, with no HOLDFAST_ variables but the given ones. */
export function runReader(args: readonly string[], env: Record<string, string> = {}): Promise<ReaderResult> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_'))
  return new Promise((resolve, reject) => {
    const options = { env: { ...Object.fromEntries(inherited), ...env } }
    const child = execFile(process.execPath, [readerProgram, ...args], options, (error, stdout, stderr) => {
      if (child.exitCode === null) return reject(error)
      const found = stdout.matchAll(/^damaged: offset (\d+), length (\d+)$/gm)
      const damaged = Array.from(found, ([, offset, length]) => ({ offset: Number(offset), length: Number(length) }))
      resolve({ code: child.exitCode, stdout, stderr, damaged })
    })
  })
}

/** The arguments for a secret, which is put into a file in `folder`. */
export async function readerSecret(secret: Secret, folder: string): Promise<string[]> {
  const path = join(folder, secret.kind)
  if (secret.kind === 'keyfile') {
    await writeFile(path, secret.content)
    return ['--key-file', path]
  }
  await writeFile(path, `${secret.kind === 'passphrase' ? secret.passphrase : secret.phrase}\n`)
  return ['--passphrase-file', path]
}
