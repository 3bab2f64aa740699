import {
  chmodSync,
  copyFileSync,
  type Dirent,
  lutimesSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Folders in the making, such that the same input makes the same bytes. */

const program = 0o111

/** Writes a text, making its folder. */
export function putText(path: string, content: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  chmodSync(path, mode)
}

/** Copies a file, making its folder; programs stay programs, whatever else the mode was. */
export function putFile(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
  chmodSync(to, (statSync(from).mode & program) === 0 ? 0o644 : 0o755)
}

/** Everything below a folder but itself, sorted by path, folders before what is in them. */
export function entriesBelow(folder: string): { path: string; entry: Dirent }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map(entry => ({ path: relative(folder, join(entry.parentPath, entry.name)), entry }))
    .sort((one, other) => (one.path < other.path ? -1 : 1))
}

/** Copies the files of a folder that are wanted by their path in it. */
export function putFolder(from: string, to: string, isWanted: (path: string) => boolean): void {
  for (const { path, entry } of entriesBelow(from)) {
    if (entry.isFile() && isWanted(path)) putFile(join(from, path), join(to, path))
  }
}

/** Gives folders one mode and everything one time, in seconds since 1970. */
export function settle(folder: string, seconds: number): void {
  for (const { path, entry } of entriesBelow(folder).reverse()) {
    if (entry.isDirectory()) chmodSync(join(folder, path), 0o755)
    lutimesSync(join(folder, path), seconds, seconds)
  }
  chmodSync(folder, 0o755)
  lutimesSync(folder, seconds, seconds)
}
