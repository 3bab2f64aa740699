import { HoldfastError } from '../../engine/contract/errors.ts'
import { ForwardingStorage } from '../../engine/storage/forwarding.ts'
import type { PutOptions } from '../../engine/storage/storage.ts'

/** A storage as a key sees it that may add and overwrite, but remove nothing. */
export class AppendOnlyStorage extends ForwardingStorage {
  readonly refused: string[] = []

  /** Nor overwrite, as a login at an SFTP server may be held. */
  mayReplace = true

  override async put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void> {
    if (!this.mayReplace && options?.overwrite && (await this.inner.stat(name))) {
      throw new HoldfastError('storage.deleteRefused', `${name} may not be replaced.`, { advice: 'Ask the owner.' })
    }
    await super.put(name, parts, options)
  }

  override async delete(name: string): Promise<void> {
    this.refused.push(name)
    throw new HoldfastError('storage.deleteRefused', `${name} may not be removed.`, { advice: 'Ask the owner.' })
  }
}
