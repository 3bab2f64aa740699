import { HoldfastError } from '../../engine/contract/errors.ts'
import { ForwardingStorage } from '../../engine/storage/forwarding.ts'

/** A storage as a key sees it that may add and overwrite, but remove nothing. */
export class AppendOnlyStorage extends ForwardingStorage {
  readonly refused: string[] = []

  override async delete(name: string): Promise<void> {
    this.refused.push(name)
    throw new HoldfastError('storage.deleteRefused', `${name} may not be removed.`, { advice: 'Ask the owner.' })
  }
}
