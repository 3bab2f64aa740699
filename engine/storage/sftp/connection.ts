import { userInfo } from 'node:os'
import type { StorageCredentials } from '../../contract/credentials.ts'
import { HoldfastError } from '../../contract/errors.ts'
import { locationText } from '../locations.ts'
import type { SftpLocation } from '../machineLocations.ts'
import { loginMethods } from './authentication.ts'
import { translateConnectError } from './errors.ts'
import { judge, preferred } from './hostKeys.ts'
import { KnownHosts, objection } from './knownHosts.ts'
import { connectSession, type SftpSession } from './session.ts'

export interface ConnectionOptions {
  credentials?: StorageCredentials
  stateDir?: string
  acceptHostKey?: string
  /** Instead of those of ssh. */
  knownHostsFiles?: readonly string[]
  /** Milliseconds until a server counts as silent: when logging in, and when it answers nothing. Default 20 000. */
  timeoutMs?: number
}

/** Ways for a server to prove its key; what ssh2 has, without those of SHA-1. */
const hostKeyAlgorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const

/**
 * The one connection of a storage. It is made when it is first needed, and anew after it broke: whatever was under way fails as
 * retryable, and the next call logs in again.
 */
export class SftpConnection {
  readonly url: string
  readonly #location: SftpLocation
  readonly #options: ConnectionOptions
  readonly #known: KnownHosts
  #session: Promise<SftpSession> | undefined
  #fresh: Promise<SftpSession> | undefined
  #closed = false

  constructor(location: SftpLocation, options: ConnectionOptions) {
    this.url = locationText(location)
    this.#location = location
    this.#options = options
    this.#known = new KnownHosts({ stateDir: options.stateDir, files: options.knownHostsFiles })
  }

  /** What is connected now, or is so after this. Errors are HoldfastErrors. */
  async session(): Promise<SftpSession> {
    if (this.#closed) throw new HoldfastError('internal.bug', `The storage at ${this.url} is already closed.`)
    const current = await this.#session?.catch(() => undefined)
    if (current && !current.isBroken) return current
    // Of several that found it broken, the first one connects.
    if (this.#fresh === undefined) {
      this.#fresh = this.#connect()
      this.#session = this.#fresh
      const done = () => {
        this.#fresh = undefined
      }
      this.#fresh.then(done, done)
    }
    return this.#fresh
  }

  async close(): Promise<void> {
    this.#closed = true
    const session = await this.#session?.catch(() => undefined)
    this.#session = undefined
    await session?.end()
  }

  async #connect(): Promise<SftpSession> {
    const { host, port, identity } = this.#location
    const { credentials, acceptHostKey, timeoutMs = 20_000 } = this.#options
    const username = this.#location.user ?? userInfo().username
    const authHandler = await loginMethods({ url: this.url, user: username, credentials, identity })
    const known = await this.#known.of(host, port)
    let fresh: Buffer | undefined
    let refusal: HoldfastError | undefined
    const session = await connectSession(
      {
        host,
        port,
        username,
        authHandler,
        algorithms: { serverHostKey: preferred(hostKeyAlgorithms, known) as (typeof hostKeyAlgorithms)[number][] },
        hostVerifier: (key: Buffer) => {
          refusal = objection({ host, port, url: this.url }, key, known, acceptHostKey)
          if (refusal === undefined && judge(known, key).kind === 'unknown') fresh = Buffer.from(key)
          return refusal === undefined
        },
        keepaliveInterval: timeoutMs / 2,
        keepaliveCountMax: 2,
      },
      timeoutMs,
    ).catch(error => {
      throw refusal ?? translateConnectError(error, { url: this.url, user: username, server: `${host}:${port}` })
    })
    try {
      if (fresh) await this.#known.pin(host, port, fresh)
      return session
    } catch (error) {
      await session.end()
      throw error
    }
  }
}
