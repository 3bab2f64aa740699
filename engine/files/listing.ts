import { isUtf8 } from 'node:buffer'
import { lstat } from 'node:fs/promises'
import type { FileEntry, FileKind } from '../contract/files.ts'
import { type FilesSystem, needProgram } from './system.ts'

/**
 * Folders are listed by find(1): one program reads any number of entries, and what it waits for holds up nobody here (see
 * AttachedVersion).
 */

/** find(1), -printf: name, kind, size, permission bits, owner, group, time of change, target of a link; each ends with a zero byte. */
const format = '%f\\0%y\\0%s\\0%m\\0%U\\0%G\\0%T@\\0%l\\0'
const fieldsOfEntry = 8
/** Some million entries. */
const mostBytes = 1024 ** 3

const kinds: Record<string, FileKind> = {
  f: 'file',
  d: 'folder',
  l: 'link',
  b: 'block',
  c: 'character',
  p: 'pipe',
  s: 'socket',
}

export interface Listing {
  /** By name. */
  entries: FileEntry[]
  /** What could not be looked at, one line each. */
  problems: string[]
}

/**
 * What is in a folder, or the entry itself when it is none. A path that ends in a link to a folder is to be resolved before. Damage costs
 * what it concerns, and is among the problems.
 */
export async function listFolder(system: FilesSystem, path: string, signal?: AbortSignal): Promise<Listing> {
  await needProgram(system, 'find', 'list files')
  const isFolder = (await lstat(path)).isDirectory()
  const depth = isFolder ? ['-mindepth', '1', '-maxdepth', '1'] : ['-maxdepth', '0']
  const { stdout, exitCode, stderr } = await system.run('find', ['-P', path, ...depth, '-printf', format], {
    failureCode: 'files.damaged',
    expectedExitCodes: [0, 1],
    maxOutputBytes: mostBytes,
    ...(signal && { signal }),
  })
  const entries = parseListing(stdout).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  const lines = stderr.split('\n').filter(line => line !== '')
  const problems = lines.map(line => line.replace(/^\S*find: /, '').replaceAll(path, '.'))
  if (exitCode !== 0 && problems.length === 0) problems.push('The folder could not be read in full.')
  return { entries, problems }
}

/** Entries in what find has printed in our format. Pure. */
export function parseListing(output: Buffer): FileEntry[] {
  const entries: FileEntry[] = []
  let at = 0
  const field = (): Buffer => {
    const end = output.indexOf(0, at)
    const bytes = output.subarray(at, end === -1 ? output.length : end)
    at += bytes.length + 1
    return bytes
  }
  while (at < output.length) {
    const [name, kind, size, mode, uid, gid, time, target] = Array.from({ length: fieldsOfEntry }, field) as Buffer[]
    const text = (bytes: Buffer | undefined) => bytes?.toString('utf8') ?? ''
    entries.push({
      name: text(name),
      kind: kinds[text(kind)] ?? 'unknown',
      sizeBytes: Number(text(size)),
      modified: timeOf(text(time)),
      mode: text(mode).padStart(4, '0'),
      uid: Number(text(uid)),
      gid: Number(text(gid)),
      linkTarget: text(kind) === 'l' ? text(target) : null,
      isNameExact: isUtf8(name!),
    })
  }
  return entries
}

/** Years that four digits can hold; a forged time must not fail the list. */
const [earliest, latest] = [-62_135_596_800, 253_402_300_799]

function timeOf(seconds: string): string {
  const value = Math.min(Math.max(Number(seconds) || 0, earliest), latest)
  return new Date(Math.floor(value * 1000)).toISOString()
}
