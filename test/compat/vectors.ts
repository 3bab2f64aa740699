import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A secret as the person has it; `entropy` is what the phrase stands for. */
export type VectorSecret =
  | { kind: 'passphrase'; passphrase: string }
  | { kind: 'recovery'; phrase: string; entropy: string }
  | { kind: 'keyfile'; content: string }

export interface VectorFrame {
  kind: 1 | 2
  compression: 0 | 1
  offset: number
  sealedLength: number
  plainLength: number
  blocks: { id: string; length: number }[]
}

/** The test vectors of docs/repository-format.md. Byte strings are in hex; keys are those of `keys[0]` unless given. */
export interface Vectors {
  keys: {
    masterKey: string
    repositoryId: string
    blockId: string
    mapId: string
    idMask: string
    packKey: string
    object: string
    config: string
  }[]
  config: { repositoryId: string; blockSizeBytes: number; createdAt: string; text: string }
  slots: { secret: VectorSecret; slotKey: string; text: string }[]
  blockIds: { kind: 1 | 2; plain: string; id: string }[]
  frames: { frameKey: string; offset: number; kind: 1 | 2; compression: 0 | 1; plain: string; sealed: string }[]
  /** `plain` are the plaintexts of all blocks in order, `list` the list of frames. */
  pack: {
    id: string
    packKey: string
    frameKey: string
    wrapped: string
    bytes: string
    list: string
    frames: VectorFrame[]
    plain: string[]
  }
  segment: {
    plain: string
    packs: { id: string; wrapped: string; size: number; frames: VectorFrame[] }[]
    superseded: string[]
  }
  levels: { blocks: number; levels: number }[]
  /** `places` maps the number of a place to its id. */
  nodes: { level: number; places: Record<number, string>; plain: string }[]
  objects: { name: string; kind: 1 | 2 | 3 | 4 | 5; compression: 0 | 1; plain: string; bytes: string }[]
  /** `archive` are the bytes that a recipe with these files is. */
  recipe: { files: { name: string; content: string }[]; archive: string }
}

export const readVectors = (): Vectors =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'vectors.json'), 'utf8')) as Vectors
