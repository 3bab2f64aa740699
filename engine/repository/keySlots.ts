import { argon2, argon2Sync, hkdfSync } from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'
import { randomBytes, randomHex } from '../base/random.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { KeySlotId } from '../contract/ids.ts'
import { withMac } from './config.ts'
import { keyBytes } from './format.ts'
import { gcmOpen, gcmSeal } from './gcm.ts'
import { secretFromPhrase } from './recoveryPhrase.ts'

/** What a person can open a repository with. */
export type Secret =
  | { kind: 'passphrase'; passphrase: string }
  | { kind: 'recovery'; phrase: string }
  | { kind: 'keyfile'; content: Uint8Array }

export type SlotKind = Secret['kind']

/**
 * Argon2id cost of new passphrase slots (RFC 9106, between its two recommended settings): 64 MiB, 3 passes, 4 lanes.
 * Stored in each slot, so that it can be raised without touching old ones.
 */
export const argon2Cost = { memoryKiB: 65536, passes: 3, lanes: 4 }

/** Refuses costs with which a forged slot could exhaust the machine. */
const argon2Limit = { memoryKiB: 1024 * 1024, passes: 32, lanes: 16 }

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
const argon2Schema = z
  .strictObject({
    name: z.literal('argon2id'),
    memoryKiB: z.number().int().max(argon2Limit.memoryKiB),
    passes: z.number().int().min(1).max(argon2Limit.passes),
    lanes: z.number().int().min(1).max(argon2Limit.lanes),
    salt: hex(16),
  })
  // The least that RFC 9106 allows.
  .refine(cost => cost.memoryKiB >= 8 * cost.lanes)
const hkdf = z.strictObject({ name: z.literal('hkdf-sha256'), salt: hex(16) })

const maximumLabelLength = 200

/** A key slot: the master key, wrapped under a key made from one secret. */
export const keySlotSchema = z.strictObject({
  id: hex(4),
  kind: z.enum(['passphrase', 'recovery', 'keyfile']),
  label: z.string().max(maximumLabelLength),
  createdAt: z.iso.datetime(),
  kdf: z.union([argon2Schema, hkdf]),
  nonce: hex(12),
  wrapped: hex(keyBytes + 16),
  mac: hex(32),
})
export type KeySlot = z.infer<typeof keySlotSchema>

type SlotKdf = Pick<KeySlot, 'kind' | 'kdf'>

/** The input of Argon2id for a passphrase; undefined when the slot is not made for one. */
function argon2Input({ kdf }: SlotKdf, passphrase: string) {
  if (kdf.name !== 'argon2id') return undefined
  return {
    message: Buffer.from(passphrase.normalize('NFC')),
    nonce: Buffer.from(kdf.salt, 'hex'),
    parallelism: kdf.lanes,
    tagLength: keyBytes,
    memory: kdf.memoryKiB,
    passes: kdf.passes,
  }
}

/** The key made from a secret that is long enough by itself. */
function strongKey({ kind, kdf }: SlotKdf, secret: Exclude<Secret, { kind: 'passphrase' }>): Buffer | undefined {
  const material = secret.kind === 'recovery' ? secretFromPhrase(secret.phrase) : secret.content
  if (!material || kdf.name !== 'hkdf-sha256') return undefined
  const salt = Buffer.from(kdf.salt, 'hex')
  return Buffer.from(hkdfSync('sha256', material, salt, `holdfast/v1/slot/${kind}`, keyBytes))
}

/** The key that wraps the master key in a slot; undefined when the secret is of another kind than the slot. */
function slotKey(slot: SlotKdf, secret: Secret): Buffer | undefined {
  if (secret.kind !== slot.kind) return undefined
  if (secret.kind !== 'passphrase') return strongKey(slot, secret)
  const input = argon2Input(slot, secret.passphrase)
  return input && argon2Sync('argon2id', input)
}

const argon2Aside = promisify(argon2)

/** The same, without keeping this thread from other work meanwhile. */
async function slotKeyAside(slot: SlotKdf, secret: Secret): Promise<Buffer | undefined> {
  if (secret.kind !== 'passphrase' || slot.kind !== 'passphrase') return slotKey(slot, secret)
  const input = argon2Input(slot, secret.passphrase)
  return input && (await argon2Aside('argon2id', input))
}

function slotAad(repositoryId: string, id: string, kind: SlotKind): Buffer {
  return Buffer.from(`holdfast/v1/slot/${repositoryId}/${id}/${kind}`)
}

/** Makes a slot for a secret. Slow for a passphrase (Argon2id), on purpose. An unfit secret or label is usage.invalid. */
export function createSlot(
  repositoryId: string,
  masterKey: Uint8Array,
  configKey: Uint8Array,
  secret: Secret,
  label: string,
  createdAt: string,
): { id: KeySlotId; bytes: Buffer } {
  checkSecret(secret)
  // A slot that parseSlot refuses would be a key that never opens anything.
  if (label.length > maximumLabelLength) {
    throw new HoldfastError('usage.invalid', `The label of the key has more than ${maximumLabelLength} characters.`, {
      advice: 'Choose a shorter one.',
    })
  }
  const id = randomHex(4) as KeySlotId
  const salt = randomHex(16)
  const kdf: KeySlot['kdf'] =
    secret.kind === 'passphrase' ? { name: 'argon2id', ...argon2Cost, salt } : { name: 'hkdf-sha256', salt }
  const key = slotKey({ kind: secret.kind, kdf }, secret)
  if (!key) throw new HoldfastError('internal.bug', 'A key slot could not be derived.')
  const nonce = randomBytes(12)
  const wrapped = gcmSeal(key, nonce, slotAad(repositoryId, id, secret.kind), masterKey)
  const body = {
    id,
    kind: secret.kind,
    label,
    createdAt,
    kdf,
    nonce: nonce.toString('hex'),
    wrapped: wrapped.toString('hex'),
  }
  return { id, bytes: withMac(body, configKey) }
}

/** Undefined when the bytes are no key slot. */
export function parseSlot(bytes: Uint8Array): KeySlot | undefined {
  try {
    return keySlotSchema.safeParse(JSON.parse(Buffer.from(bytes).toString())).data
  } catch {
    return undefined
  }
}

/** The master key, or undefined when the secret does not open this slot. */
export async function openSlot(repositoryId: string, slot: KeySlot, secret: Secret): Promise<Buffer | undefined> {
  const key = await slotKeyAside(slot, secret)
  if (!key) return undefined
  const aad = slotAad(repositoryId, slot.id, slot.kind)
  return gcmOpen(key, Buffer.from(slot.nonce, 'hex'), aad, Buffer.from(slot.wrapped, 'hex'))
}

function checkSecret(secret: Secret): void {
  if (secret.kind === 'passphrase' && secret.passphrase.length === 0) {
    throw new HoldfastError('usage.invalid', 'The passphrase is empty.', {
      advice: 'Choose a passphrase of several words; without one anybody who finds the drive can read it.',
    })
  }
  if (secret.kind === 'recovery' && !secretFromPhrase(secret.phrase)) {
    throw new HoldfastError('usage.invalid', 'This is no recovery phrase.', {
      advice: 'Let Holdfast make one: holdfast key recovery',
    })
  }
  if (secret.kind === 'keyfile' && secret.content.length < 32) {
    throw new HoldfastError('usage.invalid', 'The key file holds fewer than 32 bytes.', {
      advice: 'Make one with: head -c 64 /dev/urandom > holdfast.key',
    })
  }
}
