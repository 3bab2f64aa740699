import { randomBytes } from '../base/random.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { KeyAdded, KeyInfo } from '../contract/models.ts'
import { macFits } from './config.ts'
import { names } from './format.ts'
import { createSlot, type KeySlot, openSlot, parseSlot, type Secret } from './keySlots.ts'
import { phraseFromSecret } from './recoveryPhrase.ts'
import { requireRemoving } from './removing.ts'
import type { Repository } from './repository.ts'

/** Key slots of a repository, oldest first. Adding and removing them never touches data: they all wrap the same key. */
export async function listKeys(repository: Repository): Promise<KeyInfo[]> {
  const keys: KeyInfo[] = []
  for (const name of await repository.records.list('keys')) {
    for (const bytes of await repository.records.variants(name)) {
      const slot = parseSlot(bytes)
      if (!slot || !macFits(bytes, repository.keyring.config)) continue
      keys.push(infoOf(slot))
      break
    }
  }
  return keys.sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0))
}

/** Id of the key that a secret opens; undefined when it opens none. Slow for a passphrase, once for each of its kind. */
export async function keyOf(repository: Repository, secret: Secret): Promise<string | undefined> {
  for (const name of await repository.records.list('keys')) {
    for (const bytes of await repository.records.variants(name)) {
      const slot = parseSlot(bytes)
      if (!slot || !macFits(bytes, repository.keyring.config)) continue
      if ((await openSlot(repository.id, slot, secret)) !== undefined) return slot.id
    }
  }
  return undefined
}

/** Adds a key slot for a secret. The new slot opens the repository from the moment this resolves. */
export async function addKey(repository: Repository, secret: Secret, label: string): Promise<KeyAdded> {
  const createdAt = new Date(repository.clock.now()).toISOString()
  const { masterKey, keyring } = repository
  const slot = createSlot(repository.id, masterKey, keyring.config, secret, label, createdAt)
  await repository.records.put(names.key(slot.id), slot.bytes)
  return { key: { id: slot.id, kind: secret.kind, label, createdAt } }
}

/** Adds a new recovery phrase and returns it; it is stored nowhere. */
export async function addRecoveryPhrase(repository: Repository): Promise<KeyAdded> {
  const phrase = phraseFromSecret(randomBytes(32))
  const added = await addKey(repository, { kind: 'recovery', phrase }, 'recovery phrase')
  return { ...added, recoveryPhrase: phrase }
}

/**
 * Removes a key slot by its id. Fails with repository.keyNotFound, with repository.lastKey for the last one, and with
 * storage.deleteRefused where the storage's key may only add.
 */
export async function removeKey(repository: Repository, id: string): Promise<void> {
  const keys = await listKeys(repository)
  if (!keys.some(key => key.id === id)) {
    throw new HoldfastError('repository.keyNotFound', `There is no key ${id} in this repository.`, {
      advice: 'List the keys with: holdfast key list',
      details: { id },
    })
  }
  if (keys.length === 1) throw lastKey(id)
  const variants = await repository.records.variants(names.key(id))
  const slot = variants.find(bytes => macFits(bytes, repository.keyring.config))
  await requireRemoving(repository.storage, names.key('0'.repeat(8)))
  await repository.records.delete(names.key(id))
  // Somebody else may have removed the others in this moment.
  if (!slot || (await listKeys(repository)).length > 0) return
  await repository.records.put(names.key(id), slot)
  throw lastKey(id)
}

function lastKey(id: string): HoldfastError {
  return new HoldfastError(
    'repository.lastKey',
    `Key ${id} is the last one; without it nobody could open the repository.`,
    {
      advice: 'Add another key first: holdfast key add',
      details: { id },
    },
  )
}

function infoOf(slot: KeySlot): KeyInfo {
  return { id: slot.id, kind: slot.kind, label: slot.label, createdAt: slot.createdAt }
}
