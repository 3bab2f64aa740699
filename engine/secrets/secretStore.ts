import { HoldfastError } from '../contract/errors.ts'

/** What can be kept for a destination. */
export const secretKinds = [
  'passphrase',
  'key-file',
  'email-password',
  'webhook-secret',
  'storage-credentials',
] as const
export type SecretKind = (typeof secretKinds)[number]

/** 64 KiB: larger than any passphrase or key file that makes sense. */
export const maxSecretBytes = 64 * 1024

/**
 * What keeps others from reading a secret: encryption by systemd-creds, under a key of this computer; nothing but the owner and
 * mode of a file; or that it is in the memory of this process only.
 */
export type Protection = 'systemd-creds' | 'file-permissions' | 'memory'

export interface SecretName {
  /** Opaque id of the destination, 16 hex digits. */
  id: string
  kind: SecretKind
}

/**
 * Keeps the secrets of destinations for a service that runs with nobody there to type them.
 *
 * Secrets are bytes. A store keeps none in memory longer than a call takes (except the one that has no other place) and
 * overwrites what it used with zeros. What that cannot reach: JavaScript strings, which is why there are none here; copies in
 * the buffers of the kernel and of pipes to other programs; swap, unless it is encrypted; and the blocks of a disk that held a
 * file before it was replaced or removed, which is a reason for systemd-creds.
 *
 * Who may read the memory or the files of root can read every secret here: this is against other users, stolen disks and
 * accidents.
 *
 * Errors of all calls: usage.invalid for an id, kind or size that cannot be; secrets.unavailable when the store is locked, or
 * cannot give, keep or remove the secret; config.invalid when others than the owner could read or change where it is kept.
 * No error and no line of the log ever holds a secret or what another program said about one.
 */
export interface SecretStore {
  /** The secret, in a buffer that belongs to the caller, who overwrites it (`wipe`); undefined when there is none. */
  get(id: string, kind: SecretKind): Promise<Buffer | undefined>
  /**
   * Keeps a secret of 1 byte to 64 KiB in place of the one before. It is copied and remains the caller's. On failure, and when
   * the process is killed, the store has either the old one or the new one.
   */
  put(id: string, kind: SecretKind, secret: Uint8Array): Promise<void>
  /** Removes one secret of a destination, or all. Nothing to remove is no error. Works while locked. */
  forget(id: string, kind?: SecretKind): Promise<void>
  /** What is kept, by id and kind; never the secrets. Works while locked. */
  list(): Promise<SecretName[]>

  /** How the next secret that is put will be protected. */
  protection(): Promise<Protection>
  /** How a secret that is kept is protected; undefined when there is none. Works while locked. */
  protectionOf(id: string, kind: SecretKind): Promise<Protection | undefined>

  readonly isLocked: boolean
  /**
   * Gives out and takes no secret until unlock, or a new store on the same place: being locked is not written down. What is in
   * memory is overwritten at once; a get that is under way fails.
   */
  lock(): void
  unlock(): void
}

const idShape = /^[0-9a-f]{16}$/

export const isDestinationId = (text: string): boolean => idShape.test(text)

/** Words for messages. */
export const secretWords: Record<SecretKind, string> = {
  passphrase: 'passphrase',
  'key-file': 'key file',
  'email-password': 'e-mail password',
  'webhook-secret': 'webhook secret',
  'storage-credentials': 'login of the storage',
}

/** Fails with usage.invalid unless the two can name a secret. Names go into paths, so nothing else may pass. */
export function assertSecretName(id: string, kind: SecretKind): void {
  if (typeof id !== 'string' || !isDestinationId(id)) {
    throw new HoldfastError('usage.invalid', 'That is not the id of a destination.', {
      advice: 'An id has 16 digits from 0 to 9 and a to f.',
    })
  }
  if (!secretKinds.includes(kind)) {
    throw new HoldfastError('usage.invalid', 'There is no such kind of secret.', {
      advice: `Use one of ${secretKinds.join(', ')}.`,
    })
  }
}

/** Fails with usage.invalid unless the secret has a size that is kept. */
export function assertSecretSize(kind: SecretKind, secret: Uint8Array): void {
  if (secret.length >= 1 && secret.length <= maxSecretBytes) return
  const why = secret.length === 0 ? 'is empty' : 'is larger than 64 KiB'
  throw new HoldfastError('usage.invalid', `The ${secretWords[kind]} ${why}.`, {
    advice: 'Give the secret itself, of 1 byte to 64 KiB.',
    details: { kind },
  })
}

/** The error of a secret that cannot be had; `why` ends the sentence about it. Never put a secret or a foreign text there. */
export function secretUnavailable(
  { id, kind }: SecretName,
  why: string,
  options: { advice?: string; retryable?: boolean; details?: Record<string, unknown> } = {},
): HoldfastError {
  return new HoldfastError('secrets.unavailable', `The ${secretWords[kind]} of destination ${id} ${why}.`, {
    advice: options.advice ?? `Enter the ${secretWords[kind]} again.`,
    details: { id, kind, ...options.details },
    retryable: options.retryable ?? false,
  })
}

export function storeLocked(name: SecretName): HoldfastError {
  return secretUnavailable(name, 'is not given out: the secret store is locked', {
    advice: 'Unlock the secret store first: holdfast job unlock.',
  })
}

/** Overwrites bytes with zeros. */
export function wipe(...secrets: (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0)
}

/** A copy in memory of its own: small Buffers share theirs with everything else. */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}

/**
 * Lets `work` use a secret, which is overwritten when it is done, also when it fails. secrets.unavailable when none is kept,
 * and all that `get` fails with.
 */
export async function withSecret<T>(
  store: SecretStore,
  id: string,
  kind: SecretKind,
  work: (secret: Buffer) => T | Promise<T>,
): Promise<T> {
  const secret = await store.get(id, kind)
  if (secret === undefined) throw secretUnavailable({ id, kind }, 'is not kept on this computer')
  try {
    return await work(secret)
  } finally {
    wipe(secret)
  }
}

/** By id, then in the order of the kinds. */
export function sortedNames(names: Iterable<SecretName>): SecretName[] {
  return [...names].sort((a, b) =>
    a.id === b.id ? secretKinds.indexOf(a.kind) - secretKinds.indexOf(b.kind) : a.id < b.id ? -1 : 1,
  )
}
