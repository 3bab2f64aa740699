import { hkdfSync } from 'node:crypto'
import { keyBytes } from './format.ts'

/**
 * The keys of one repository, all derived from its master key with HKDF-SHA-256 (RFC 5869): salt = the 16 bytes of the
 * repository id, info = "holdfast/v1/" + purpose. One key, one purpose.
 */
export interface Keyring {
  /** Hashes data blocks for their ids. */
  blockId: Buffer
  /** Hashes map nodes for their ids. */
  mapId: Buffer
  /** Turns the hash of a block into its id. */
  idMask: Buffer
  /** Wraps each pack's own key. */
  pack: Buffer
  /** Seals index segments, version records, marks, locks. */
  object: Buffer
  /** Authenticates the plain config and the plain parts of key slots. */
  config: Buffer
}

/** Derives all keys of a repository from its master key (32 bytes) and its id (32 hex digits). */
export function deriveKeyring(masterKey: Uint8Array, repositoryId: string): Keyring {
  const salt = Buffer.from(repositoryId, 'hex')
  const derive = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', masterKey, salt, `holdfast/v1/${purpose}`, keyBytes))
  return {
    blockId: derive('block-id'),
    mapId: derive('map-id'),
    idMask: derive('id-mask'),
    pack: derive('pack-key'),
    object: derive('object'),
    config: derive('config'),
  }
}
