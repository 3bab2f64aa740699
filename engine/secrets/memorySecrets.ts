import {
  assertSecretName,
  assertSecretSize,
  ownCopy,
  type SecretKind,
  type SecretName,
  type SecretStore,
  sortedNames,
  storeLocked,
  wipe,
} from './secretStore.ts'

/**
 * A store in the memory of this process alone, for a service without root-only storage. As there is no other place, `lock`
 * forgets everything for good.
 */
export class MemorySecrets implements SecretStore {
  readonly #secrets = new Map<string, SecretName & { bytes: Buffer }>()
  #locked = false

  async get(id: string, kind: SecretKind): Promise<Buffer | undefined> {
    assertSecretName(id, kind)
    if (this.#locked) throw storeLocked({ id, kind })
    const kept = this.#secrets.get(keyOf(id, kind))
    return kept && ownCopy(kept.bytes)
  }

  async put(id: string, kind: SecretKind, secret: Uint8Array): Promise<void> {
    assertSecretName(id, kind)
    assertSecretSize(kind, secret)
    if (this.#locked) throw storeLocked({ id, kind })
    const before = this.#secrets.get(keyOf(id, kind))
    this.#secrets.set(keyOf(id, kind), { id, kind, bytes: ownCopy(secret) })
    wipe(before?.bytes)
  }

  async forget(id: string, kind?: SecretKind): Promise<void> {
    assertSecretName(id, kind ?? 'passphrase')
    for (const [key, kept] of this.#secrets) {
      if (kept.id !== id || (kind !== undefined && kept.kind !== kind)) continue
      this.#secrets.delete(key)
      wipe(kept.bytes)
    }
  }

  async list(): Promise<SecretName[]> {
    return sortedNames([...this.#secrets.values()].map(({ id, kind }) => ({ id, kind })))
  }

  async protection(): Promise<'memory'> {
    return 'memory'
  }

  async protectionOf(id: string, kind: SecretKind): Promise<'memory' | undefined> {
    assertSecretName(id, kind)
    return this.#secrets.has(keyOf(id, kind)) ? 'memory' : undefined
  }

  get isLocked(): boolean {
    return this.#locked
  }

  lock(): void {
    this.#locked = true
    for (const { bytes } of this.#secrets.values()) wipe(bytes)
    this.#secrets.clear()
  }

  unlock(): void {
    this.#locked = false
  }
}

const keyOf = (id: string, kind: SecretKind): string => `${id}.${kind}`
