import { copyFile, open, readdir, readFile, rename, stat, truncate, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { SeededRandom } from '../../engine/demo/seededRandom.ts'

/** One way to damage objects of a repository in a folder. */
export interface Damage {
  title: string
  /** Damages an object of the repository at `root`; false when this cannot be done to it. */
  apply(root: string, object: string): Promise<boolean>
}

/** Names of all objects of a repository in a folder, sorted; locks and unfinished files are left out. */
export async function objectsIn(root: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath, entry.name).slice(root.length + 1)
    if (entry.isFile() && !name.startsWith('locks/') && !entry.name.startsWith('.')) found.push(name)
  }
  return found.sort()
}

/** Changes the bits of `mask` in the byte at a share of the object's length, from 0 (first byte) to 1 (last). */
export const flipAt = (share: number, mask = 0xff): Damage => ({
  title: `byte flipped at ${Math.round(share * 100)} % (mask ${mask.toString(16)})`,
  apply: async (root, object) => {
    const { size } = await stat(join(root, object))
    await flip(join(root, object), Math.round(share * (size - 1)), mask)
    return true
  },
})

/** The same, at an offset; a negative one counts from the end. */
export const flipByte = (offset: number, title: string, mask = 0xff): Damage => ({
  title: `byte flipped in ${title}`,
  apply: async (root, object) => {
    const { size } = await stat(join(root, object))
    await flip(join(root, object), offset < 0 ? size + offset : offset, mask)
    return true
  },
})

export const flipAnywhere = (random: SeededRandom): Damage =>
  flipAt(random.below(10_000) / 9_999, random.between(1, 255))

export const cutBy = (bytes: number): Damage => ({
  title: `cut by ${bytes}`,
  apply: async (root, object) => {
    const { size } = await stat(join(root, object))
    await truncate(join(root, object), Math.max(0, size - bytes))
    return true
  },
})

export const cutTo = (share: number): Damage => ({
  title: `cut to ${share * 100} %`,
  apply: async (root, object) => {
    const { size } = await stat(join(root, object))
    await truncate(join(root, object), Math.floor(size * share))
    return true
  },
})

export const deleted: Damage = {
  title: 'deleted',
  apply: async (root, object) => {
    await unlink(join(root, object))
    return true
  },
}

/** Takes the place of the next object of its kind, and that one takes its place. */
export const swapped: Damage = {
  title: 'swapped with another',
  apply: async (root, object) => {
    const other = await neighbourOf(root, object)
    if (other === undefined) return false
    await rename(join(root, object), join(root, '.aside'))
    await rename(join(root, other), join(root, object))
    await rename(join(root, '.aside'), join(root, other))
    return true
  },
}

/** Holds what another object of its kind holds. */
export const replaced: Damage = {
  title: 'replaced by another',
  apply: async (root, object) => {
    const other = await neighbourOf(root, object)
    if (other === undefined) return false
    // Two that replace each other in turn end up the same: the second has lost nothing.
    const [before, after] = await Promise.all([object, other].map(name => readFile(join(root, name))))
    if (before!.equals(after!)) return false
    await copyFile(join(root, other), join(root, object))
    return true
  },
}

/** The kind of an object: its first folder, or its first two under copies/. */
export const kindOf = (object: string): string => {
  const parts = object.split('/')
  return parts[0] === 'copies' ? parts.slice(0, 2).join('/') : parts[0]!
}

async function neighbourOf(root: string, object: string): Promise<string | undefined> {
  const alike = (await objectsIn(root)).filter(other => kindOf(other) === kindOf(object))
  const next = alike[(alike.indexOf(object) + 1) % alike.length]
  return next === object ? undefined : next
}

async function flip(path: string, offset: number, mask: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const byte = Buffer.alloc(1)
    const { bytesRead } = await file.read(byte, 0, 1, offset)
    if (bytesRead !== 1) throw new Error(`${path} has no byte ${offset}`)
    byte[0]! ^= mask
    await file.write(byte, 0, 1, offset)
  } finally {
    await file.close()
  }
}
