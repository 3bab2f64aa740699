import type { Logger } from '../base/logger.ts'
import { HoldfastError } from '../contract/errors.ts'
import { type FolderCalls, FolderError, PrivateFolder, temporaryDigits } from './privateFolder.ts'
import {
  decodeSecretFile,
  encodeSecretFile,
  type FileProtection,
  fileNameOf,
  maxFileBytes,
  maxHeaderBytes,
  nameOfFile,
  nameOfTemporary,
  protectionIn,
  sealedNameOf,
  temporaryNameOf,
} from './secretFileFormat.ts'
import {
  assertSecretName,
  assertSecretSize,
  maxSecretBytes,
  ownCopy,
  type SecretKind,
  type SecretName,
  type SecretStore,
  secretUnavailable,
  secretWords,
  sortedNames,
  storeLocked,
  wipe,
} from './secretStore.ts'
import { SealError, type Sealer, SystemdCreds } from './systemdCreds.ts'

export interface SecretFilesOptions {
  /** Encrypts what is kept where it can. systemd-creds for root, unless given; null never encrypts. */
  sealer?: Sealer | null
  /** Who the files must belong to: the user of this process unless given. */
  uid?: number
  calls?: FolderCalls
  logger?: Logger
}

/**
 * Secrets as files in a folder that only their owner may enter, each encrypted by systemd-creds where that works and plain
 * otherwise; `protection` says which. Each file says of itself how it is kept, so both can lie side by side.
 *
 * One process at a time uses the folder: what one that was killed left unfinished is removed by the next. Several calls at a
 * time are fine.
 */
export class SecretFiles implements SecretStore {
  readonly #folder: PrivateFolder
  readonly #sealer: Sealer | undefined
  readonly #logger: Logger | undefined
  /** Changes of the folder, one after the other. */
  #queue: Promise<unknown> = Promise.resolve()
  #cleaned: Promise<void> | undefined
  #locked = false
  /** How often it was locked, so that a get under way notices. */
  #locks = 0

  constructor(path: string, options: SecretFilesOptions = {}) {
    const uid = options.uid ?? process.geteuid?.() ?? 0
    this.#folder = new PrivateFolder(path, uid, options.calls)
    // For others than root, systemd-creds has no key or asks for a password.
    const usual = options.sealer === undefined && uid === 0 ? new SystemdCreds() : undefined
    this.#sealer = options.sealer ?? usual
    this.#logger = options.logger
  }

  async get(id: string, kind: SecretKind): Promise<Buffer | undefined> {
    const name = checkedName(id, kind)
    this.#assertUnlocked(name)
    const locks = this.#locks
    const secret = await this.#guard(name, 'read', () => this.#read(name))
    if (locks === this.#locks) return secret
    wipe(secret)
    throw storeLocked(name)
  }

  async #read(name: SecretName): Promise<Buffer | undefined> {
    if (!(await this.#folder.isThere())) return undefined
    await this.#clean()
    const file = await this.#folder.read(fileNameOf(name), maxFileBytes)
    if (file === undefined) return undefined
    try {
      const content = file.sizeBytes > maxFileBytes ? 'is damaged on the disk' : decodeSecretFile(name, file.start)
      if (typeof content === 'string') throw secretUnavailable(name, content)
      return content.protection === 'file-permissions' ? content.body : await this.#unseal(name, content.body)
    } finally {
      wipe(file.start)
    }
  }

  async #unseal(name: SecretName, sealed: Buffer): Promise<Buffer> {
    const sealer = this.#sealer
    if (!sealer) throw secretUnavailable(name, 'cannot be decrypted: systemd-creds is not used here')
    let output: Buffer | undefined
    try {
      output = await sealer.unseal(sealedNameOf(name), sealed)
      if (output.length === 0 || output.length > maxSecretBytes) throw new SealError('it has no possible size', false)
      return ownCopy(output)
    } catch (error) {
      throw sealingFailed(name, 'decrypted', error)
    } finally {
      wipe(output)
    }
  }

  async put(id: string, kind: SecretKind, secret: Uint8Array): Promise<void> {
    const name = checkedName(id, kind)
    assertSecretSize(kind, secret)
    this.#assertUnlocked(name)
    // The caller may overwrite its own before it is our turn.
    const copy = ownCopy(secret)
    try {
      await this.#change(() => this.#guard(name, 'kept', () => this.#write(name, copy)))
    } finally {
      wipe(copy)
    }
    this.#logger?.info('a secret is kept', { id, kind, protection: await this.protection() })
  }

  async #write(name: SecretName, secret: Buffer): Promise<void> {
    await this.#folder.prepare()
    await this.#clean()
    const protection = await this.protection()
    const body = protection === 'systemd-creds' ? await this.#seal(name, secret) : ownCopy(secret)
    const parts = encodeSecretFile(name, { protection, body })
    try {
      await this.#folder.replace(fileNameOf(name), temporaryNameOf(name, temporaryDigits()), parts)
    } finally {
      wipe(body)
    }
  }

  async #seal(name: SecretName, secret: Buffer): Promise<Buffer> {
    try {
      return await this.#sealer!.seal(sealedNameOf(name), secret)
    } catch (error) {
      throw sealingFailed(name, 'encrypted', error)
    }
  }

  async forget(id: string, kind?: SecretKind): Promise<void> {
    const name = checkedName(id, kind ?? 'passphrase')
    const isMeant = (found: SecretName | undefined) => found?.id === id && (kind === undefined || found.kind === kind)
    await this.#change(() =>
      this.#guard(name, 'removed', async () => {
        // Also from a folder that others can read: that is all the more reason.
        if (!(await this.#folder.isThere({ anyMode: true }))) return
        const files = await this.#folder.names()
        await this.#folder.remove(files.filter(file => isMeant(nameOfFile(file)) || isMeant(nameOfTemporary(file))))
      }),
    )
    this.#logger?.info('secrets are forgotten', { id, kind: kind ?? 'all' })
  }

  async list(): Promise<SecretName[]> {
    try {
      if (!(await this.#folder.isThere())) return []
      return sortedNames((await this.#folder.names()).flatMap(file => nameOfFile(file) ?? []))
    } catch (error) {
      if (!(error instanceof FolderError)) throw error
      throw new HoldfastError('secrets.unavailable', `The secrets that are kept cannot be listed: ${error.errno}.`, {
        advice: `Check ${this.#folder.path} and the disk that it is on.`,
        details: { path: error.path, errno: error.errno },
      })
    }
  }

  async protection(): Promise<FileProtection> {
    return (await this.#sealer?.key()) === undefined ? 'file-permissions' : 'systemd-creds'
  }

  async protectionOf(id: string, kind: SecretKind): Promise<FileProtection | undefined> {
    const name = checkedName(id, kind)
    return this.#guard(name, 'read', async () => {
      if (!(await this.#folder.isThere())) return undefined
      const file = await this.#folder.read(fileNameOf(name), maxHeaderBytes)
      if (file === undefined) return undefined
      const protection = protectionIn(file.start)
      wipe(file.start)
      if (protection === undefined) throw secretUnavailable(name, 'is damaged on the disk')
      return protection
    })
  }

  get isLocked(): boolean {
    return this.#locked
  }

  lock(): void {
    this.#locked = true
    this.#locks += 1
  }

  unlock(): void {
    this.#locked = false
  }

  #assertUnlocked(name: SecretName): void {
    if (this.#locked) throw storeLocked(name)
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(() => undefined)
    return done
  }

  /** Removes, once, what a process that was killed left. That this fails does not keep a secret from being used. */
  #clean(): Promise<void> {
    this.#cleaned ??= this.#removeUnfinished()
    return this.#cleaned
  }

  async #removeUnfinished(): Promise<void> {
    try {
      const files = await this.#folder.names()
      await this.#folder.remove(files.filter(file => nameOfTemporary(file) !== undefined))
    } catch (error) {
      const errno = error instanceof FolderError ? error.errno : 'unknown'
      this.#logger?.warn('unfinished files of secrets could not be removed', { path: this.#folder.path, errno })
    }
  }

  async #guard<T>(name: SecretName, done: 'read' | 'kept' | 'removed', work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof FolderError)) throw error
      throw secretUnavailable(name, `cannot be ${done}: ${error.errno}`, {
        advice: adviceFor(name, done, this.#folder.path, error.errno),
        details: { path: error.path, errno: error.errno },
        retryable: error.errno === 'ENOSPC' || error.errno === 'EDQUOT',
      })
    }
  }
}

function checkedName(id: string, kind: SecretKind): SecretName {
  assertSecretName(id, kind)
  return { id, kind }
}

function adviceFor(name: SecretName, done: 'read' | 'kept' | 'removed', path: string, errno: string): string {
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return `Free some space on the disk with ${path}, and try again.`
  if (errno === 'EROFS') return `Make ${path} writable, and try again.`
  if (done === 'read') return `Enter the ${secretWords[name.kind]} again, and check the disk with ${path}.`
  return `Check ${path} and the disk that it is on, and try again.`
}

function sealingFailed(name: SecretName, done: 'encrypted' | 'decrypted', error: unknown): HoldfastError {
  // Anything else than a SealError could hold a foreign text, and in it the secret.
  const known = error instanceof SealError ? error : new SealError('that failed for a reason that is not known', false)
  return secretUnavailable(name, `cannot be ${done}: ${known.message}`, {
    ...(done === 'encrypted' && {
      advice: 'Try again; if it stays so, run “systemd-creds setup” and look at what it says.',
    }),
    retryable: known.retryable,
  })
}
