import { inParallel } from '../base/inParallel.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { Storage } from '../storage/storage.ts'
import { macFits, parseConfig, type RepositoryConfig } from './config.ts'
import { names } from './format.ts'
import { deriveKeyring } from './keyring.ts'
import { type KeySlot, openSlot, parseSlot, type Secret } from './keySlots.ts'
import { MirroredRecords, recordsAtOnce } from './records.ts'

export interface UnlockOptions {
  secret: Secret
  /** Called when the derivation of a key has begun in another thread, which takes a while. Must not throw. */
  whileDeriving?: () => void
}

/** What a secret opens: enough for a Repository. */
export interface Unlocked {
  config: RepositoryConfig
  masterKey: Buffer
}

/**
 * Finds the config and the key of a repository: no more than that takes, so that it can begin before the rest is loaded.
 * repository.notFound, repository.formatTooNew, repository.wrongKey, integrity.objectDamaged.
 */
export async function unlock(storage: Storage, { secret, whileDeriving }: UnlockOptions): Promise<Unlocked> {
  const records = new MirroredRecords(storage)
  // A storage may be far away: what does not wait for something else is asked for at once.
  const reading = readSlots(records)
  reading.catch(() => undefined)
  const { configs, tooNew } = await readConfigs(storage, records)
  const slots = await reading
  if (slots.length === 0) throw damagedKeys(storage.url)
  let opened = false
  for (const { config, bytes } of configs) {
    for (const slot of slots) {
      const deriving = openSlot(config.repositoryId, slot, secret)
      whileDeriving?.()
      const masterKey = await deriving
      if (!masterKey) continue
      opened = true
      const configKey = deriveKeyring(masterKey, config.repositoryId).config
      if (!macFits(bytes, configKey)) continue
      // A copy that names a newer format is a fault of the medium unless it is genuine.
      for (const newer of tooNew) if (macFits(newer.bytes, configKey)) throw newer.error
      return { config, masterKey }
    }
  }
  if (opened) throw damagedConfig(storage.url)
  throw new HoldfastError('repository.wrongKey', `This key does not open the repository at ${storage.url}.`, {
    advice: 'Check for typing errors, or use the recovery phrase.',
  })
}

interface ConfigVariant {
  config: RepositoryConfig
  bytes: Uint8Array
}

/** The one or two readable variants of the config; which of them is genuine shows when there is a key. */
async function readConfigs(storage: Storage, records: MirroredRecords) {
  const variants = await records.variants(names.config)
  const configs: ConfigVariant[] = []
  const tooNew: { error: HoldfastError; bytes: Uint8Array }[] = []
  for (const bytes of variants) {
    try {
      const config = parseConfig(bytes, storage.url)
      if (config) configs.push({ config, bytes })
    } catch (error) {
      if (!isHoldfastError(error, 'repository.formatTooNew')) throw error
      tooNew.push({ error, bytes })
    }
  }
  if (configs.length > 0) return { configs, tooNew }
  if (tooNew[0]) throw tooNew[0].error
  // Many a folder has a file named config; only with keys was it ever ours.
  if (variants.length > 0 && (await records.list('keys')).length > 0) throw damagedConfig(storage.url)
  throw new HoldfastError('repository.notFound', `There is no Holdfast repository at ${storage.url}.`, {
    advice: 'Check the place, or make a new repository there with: holdfast init --repo PLACE',
    details: { url: storage.url },
  })
}

function damagedConfig(url: string): HoldfastError {
  return new HoldfastError(
    'integrity.objectDamaged',
    `Both copies of the config of the repository at ${url} are damaged.`,
    {
      advice:
        'Copy the file "config" back from another copy of this repository; the backups themselves are not affected.',
      details: { url, name: names.config },
    },
  )
}

function damagedKeys(url: string): HoldfastError {
  return new HoldfastError('integrity.objectDamaged', `The repository at ${url} has no key slot that can be read.`, {
    advice: 'Copy the folder "keys" back from another copy of this repository; without any of them it stays closed.',
    details: { url, name: 'keys' },
  })
}

/** Key slots as they can be read; one of which a copy was altered appears in both variants. */
export async function readSlots(records: MirroredRecords): Promise<KeySlot[]> {
  const found = await inParallel(await records.list('keys'), recordsAtOnce, name => records.variants(name))
  return found.flat().flatMap(bytes => parseSlot(bytes) ?? [])
}
