import { execFile } from 'node:child_process'
import { HoldfastError } from '../contract/errors.ts'

/** One regular file of an image, as debugfs lists it. */
export interface ImageFile {
  /** Absolute path inside the image. */
  path: string
  sizeBytes: number
}

/** Everything below the root of an image; both lists sorted by path. `/lost+found` is left out. */
export interface ImageTree {
  files: ImageFile[]
  directories: string[]
}

/** A run of file blocks that lie next to each other in the image; all numbers count file system blocks. */
export interface Extent {
  logical: number
  physical: number
  length: number
}

/** Block size of every image made here; also the page size in which changes are counted. */
export const blockBytes = 4096

interface ProgramResult {
  exitCode: number
  stdout: string
  stderr: string
}

/** Debian keeps these programs in folders that are not on an ordinary person's PATH. */
const searchPath = [process.env.PATH ?? '', '/usr/sbin', '/sbin'].join(':')

/** Runs one e2fsprogs program without a shell. Rejects only when it cannot be started; the caller judges the exit code. */
function runProgram(program: string, args: string[], input: string, signal?: AbortSignal): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const options = {
      env: { ...process.env, PATH: searchPath, LC_ALL: 'C' },
      maxBuffer: 1024 ** 3,
      ...(signal ? { signal } : {}),
    }
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(startFailure(program, error))
      else resolve({ exitCode: error ? Number(error.code) : 0, stdout, stderr })
    })
    // A program that stops before it has read everything is judged by its exit code and its words.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

function startFailure(program: string, cause: Error & { code?: unknown }): HoldfastError {
  if (cause.name === 'AbortError')
    return new HoldfastError('run.cancelled', `Making the image was cancelled while ${program} ran.`)
  return new HoldfastError('config.invalid', `The program ${program} could not be run: ${cause.message}.`, {
    advice: 'Install the package e2fsprogs and try again.',
    cause,
  })
}

function programFailure(program: string, image: string, words: string): HoldfastError {
  return new HoldfastError('target.writeFailed', `${program} failed on ${image}: ${words.trim()}`, {
    advice: 'Check that there is enough free space beside the image, remove the image and make it again.',
  })
}

/** Turns whatever went wrong while an image was made or changed into an error with advice; a HoldfastError stays itself. */
export function imageFailure(image: string, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error
  const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
  if (isFull) {
    return new HoldfastError('target.full', `There is not enough free space to make ${image}.`, {
      advice: 'Free some space there, or choose a smaller image or another folder.',
      cause: error,
    })
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new HoldfastError('target.writeFailed', `${image} could not be made: ${reason}.`, {
    advice: 'Remove the image and make it again.',
    cause: error,
  })
}

/**
 * Makes an ext4 file system of `sizeBytes` in the file `image` and fills it with everything below `stagingDir`.
 * Needs neither root nor a mount. The UUID and hash seed are fixed so that two runs differ as little as possible.
 */
export async function makeFileSystem(
  image: string,
  sizeBytes: number,
  stagingDir: string,
  uuid: string,
  signal?: AbortSignal,
): Promise<void> {
  const args = ['-q', '-F', '-t', 'ext4', '-b', String(blockBytes), '-i', '16384', '-m', '1', '-U', uuid]
  args.push('-E', `hash_seed=${uuid}`, '-d', stagingDir, image, `${Math.floor(sizeBytes / 1024)}k`)
  const result = await runProgram('mke2fs', args, '', signal)
  if (result.exitCode !== 0) throw programFailure('mke2fs', image, result.stderr || result.stdout)
}

/** Quotes one argument of a debugfs command. Names with quotes, blanks or control characters never get this far. */
export const quoted = (argument: string): string => `"${argument}"`

/** True for names that debugfs commands and listings can carry. */
export const isPlainName = (name: string): boolean => /^[\x21\x23-\x2e\x30-\x5b\x5d-\x7e]+$/.test(name)

/**
 * Runs debugfs commands on an image, in order, in one process, and returns what each of them printed.
 * debugfs exits 0 whatever happens, so anything that it says on stderr counts as failure.
 */
export async function debugfs(
  image: string,
  commands: string[],
  options: { write?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<string[]> {
  if (commands.length === 0) return []
  const args = [...(options.write ? ['-w'] : []), '-f', '-', image]
  const result = await runProgram('debugfs', args, `${commands.join('\n')}\n`, options.signal)
  const complaints = result.stderr.split('\n').filter(line => line !== '' && !/^debugfs \d/.test(line))
  if (result.exitCode !== 0 || complaints.length > 0) throw programFailure('debugfs', image, complaints.join('; '))
  return splitOutput(result.stdout, commands.length, image)
}

/** debugfs in script mode repeats each command behind a prompt; that is where one answer ends and the next begins. */
function splitOutput(stdout: string, expected: number, image: string): string[] {
  const answers = `\n${stdout}`.split(/\ndebugfs: [^\n]*/).slice(1)
  if (answers.length !== expected) throw programFailure('debugfs', image, `${answers.length} of ${expected} answers`)
  return answers
}

/** Lists every file and directory of the image, one debugfs process per depth of the tree. */
export async function listImage(image: string, signal?: AbortSignal): Promise<ImageTree> {
  const files: ImageFile[] = []
  const directories: string[] = []
  let level = ['/']
  while (level.length > 0) {
    const commands = level.map(directory => `ls -p ${quoted(directory)}`)
    const answers = await debugfs(image, commands, { signal })
    const below: string[] = []
    level.forEach((directory, index) => {
      for (const entry of parseListing(answers[index]!)) {
        const path = directory === '/' ? `/${entry.name}` : `${directory}/${entry.name}`
        if (path === '/lost+found') continue
        if (entry.isDirectory) below.push(path)
        else if (entry.isFile) files.push({ path, sizeBytes: entry.sizeBytes })
      }
    })
    directories.push(...below)
    level = below
  }
  const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return { files: files.sort((a, b) => byText(a.path, b.path)), directories: directories.sort(byText) }
}

interface ListedEntry {
  name: string
  isDirectory: boolean
  isFile: boolean
  sizeBytes: number
}

/** Reads the output of `ls -p`: one line `/inode/octal mode/uid/gid/name/size/` for each entry. */
export function parseListing(text: string): ListedEntry[] {
  const entries: ListedEntry[] = []
  for (const line of text.split('\n')) {
    const [, inode, mode, , , name, size] = line.split('/')
    if (inode === undefined || mode === undefined || name === undefined) continue
    if (inode === '0' || name === '.' || name === '..') continue
    const type = Number.parseInt(mode, 8) & 0o170000
    entries.push({
      name,
      isDirectory: type === 0o040000,
      isFile: type === 0o100000,
      sizeBytes: Number(size || '0'),
    })
  }
  return entries
}

/** Where the blocks of each file lie in the image; one debugfs process for all of them. */
export async function locateFiles(image: string, paths: string[], signal?: AbortSignal): Promise<Extent[][]> {
  const answers = await debugfs(
    image,
    paths.map(path => `dump_extents -l ${quoted(path)}`),
    { signal },
  )
  return answers.map(parseExtents)
}

/**
 * Reads the output of `dump_extents -l`, one line for each extent: ` 1/ 1   1/  3     0 -    24  34816 -  34840     25`.
 * Unwritten extents (`Uninit` behind the line) are left out: they read as zeros whatever lies in their blocks.
 */
export function parseExtents(text: string): Extent[] {
  const extents: Extent[] = []
  for (const line of text.split('\n')) {
    const found = /^\s*\d+\/\s*\d+\s+\d+\/\s*\d+\s+(\d+)\s*-\s*\d+\s+(\d+)\s*-\s*\d+\s+(\d+)/.exec(line)
    if (found && !line.includes('Uninit'))
      extents.push({ logical: Number(found[1]), physical: Number(found[2]), length: Number(found[3]) })
  }
  return extents
}

/** Byte position in the image of byte `offset` of a file, or undefined where the file has a hole. */
export function imageOffset(extents: readonly Extent[], offset: number): number | undefined {
  const block = Math.floor(offset / blockBytes)
  const extent = extents.find(e => block >= e.logical && block < e.logical + e.length)
  return extent && (extent.physical + block - extent.logical) * blockBytes + (offset % blockBytes)
}

/** Throws unless `e2fsck -fn` finds the file system clean. Reads the whole metadata; changes nothing. */
export async function assertClean(image: string, signal?: AbortSignal): Promise<void> {
  const result = await runProgram('e2fsck', ['-f', '-n', image], '', signal)
  if (result.exitCode !== 0) throw programFailure('e2fsck', image, result.stdout || result.stderr)
}
