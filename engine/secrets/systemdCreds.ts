import { access, constants } from 'node:fs/promises'
import { type CommandResult, runCommand } from '../base/command.ts'
import { randomBytes } from '../base/random.ts'
import { isHoldfastError } from '../contract/errors.ts'
import { wipe } from './secretStore.ts'

/** What a sealed secret can be opened with: a file of this system alone, or that and the security chip of this computer. */
export type SealingKey = 'host' | 'host+tpm2'

/** Encrypts secrets so that only this computer opens them again. `name` is bound in: under another one, opening fails. */
export interface Sealer {
  /** What `seal` uses; undefined when it does not work here. Found out at the first call. */
  key(): Promise<SealingKey | undefined>
  /** Fails with a SealError. Leaves `secret` as it is. */
  seal(name: string, secret: Uint8Array): Promise<Buffer>
  /** Fails with a SealError. The result belongs to the caller, who overwrites it. */
  unseal(name: string, sealed: Uint8Array): Promise<Buffer>
}

/** Why sealing failed: only words from this file, as the program's own might hold the secret. They end a sentence. */
export class SealError extends Error {
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean

  constructor(why: string, retryable: boolean) {
    super(why)
    this.name = 'SealError'
    this.retryable = retryable
  }
}

export interface SystemdCredsOptions {
  /** Absolute path of systemd-creds; looked for where distributions put it unless given. */
  program?: string
  /** Variables for it, such as SYSTEMD_CREDENTIAL_SECRET (the path of another host key). */
  env?: Record<string, string>
  /** Longest run of one call in milliseconds; 30 s unless given, as security chips are slow. */
  timeoutMs?: number
}

/** By absolute path: PATH may come from somebody else. */
const usualPlaces = ['/usr/bin/systemd-creds', '/bin/systemd-creds', '/run/current-system/sw/bin/systemd-creds']
/** The first that knows encrypted credentials. */
const minimumVersion = 250
/** A secret of 64 KiB becomes about 90 KB of text. */
const maxOutputBytes = 1024 * 1024
/**
 * Register 16 is there for debugging and holds zeros on every boot. To name none would say the same, but what systemd 252 seals
 * so it does not open again.
 */
const tpmArguments = ['--tpm2-pcrs=16']

/**
 * Seals with `systemd-creds encrypt` and `decrypt` (systemd 250 or newer, as root). Secrets go through pipes; only names are in
 * the arguments.
 *
 * The key is named explicitly, because the program's own choice (`auto`) can be one that everybody knows. With a TPM 2.0 the
 * secret is bound to the chip but to no measurement of the boot: a new firmware or boot loader must not stop the backups, and
 * what this is against is a disk in another computer.
 */
export class SystemdCreds implements Sealer {
  readonly #options: SystemdCredsOptions
  #program: Promise<string | undefined> | undefined
  #key: Promise<SealingKey | undefined> | undefined

  constructor(options: SystemdCredsOptions = {}) {
    this.#options = options
  }

  key(): Promise<SealingKey | undefined> {
    this.#key ??= this.#findKey()
    return this.#key
  }

  async seal(name: string, secret: Uint8Array): Promise<Buffer> {
    const key = await this.key()
    if (key === undefined) throw new SealError('systemd-creds does not work on this computer', false)
    return this.#seal(key, name, secret)
  }

  async unseal(name: string, sealed: Uint8Array): Promise<Buffer> {
    const { stdout } = await this.#run(['decrypt', `--name=${name}`, '-', '-'], sealed)
    return stdout
  }

  async #seal(key: SealingKey, name: string, secret: Uint8Array): Promise<Buffer> {
    const pcrs = key === 'host+tpm2' ? tpmArguments : []
    const { stdout } = await this.#run(['encrypt', `--with-key=${key}`, ...pcrs, `--name=${name}`, '-', '-'], secret)
    return stdout
  }

  async #findKey(): Promise<SealingKey | undefined> {
    try {
      const { stdout } = await this.#run(['--version'])
      const version = Number(/^systemd (\d+)/.exec(stdout.toString('latin1'))?.[1])
      if (!(version >= minimumVersion)) return undefined
    } catch {
      return undefined
    }
    if ((await this.#hasTpm()) && (await this.#works('host+tpm2'))) return 'host+tpm2'
    return (await this.#works('host')) ? 'host' : undefined
  }

  async #hasTpm(): Promise<boolean> {
    try {
      await this.#run(['has-tpm2'])
      return true
    } catch {
      return false
    }
  }

  /** Seals something, opens it again, and sees that it is not readable and does not open under another name. */
  async #works(key: SealingKey): Promise<boolean> {
    const probe = randomBytes(32)
    const name = 'holdfast-self-test'
    let opened: Buffer | undefined
    try {
      const sealed = await this.#seal(key, name, probe)
      const readable = [sealed, Buffer.from(sealed.toString('latin1'), 'base64')].some(bytes => bytes.includes(probe))
      if (readable) return false
      opened = await this.unseal(name, sealed)
      if (!opened.equals(probe)) return false
      return await this.unseal(`${name}-other`, sealed).then(
        () => false,
        () => true,
      )
    } catch {
      return false
    } finally {
      wipe(probe, opened)
    }
  }

  async #run(args: readonly string[], input?: Uint8Array): Promise<CommandResult> {
    this.#program ??= this.#findProgram()
    const program = await this.#program
    if (program === undefined) throw new SealError('the program systemd-creds is not there', false)
    const { env, timeoutMs = 30_000 } = this.#options
    try {
      return await runCommand(program, args, {
        failureCode: 'secrets.unavailable',
        maxOutputBytes,
        timeoutMs,
        ...(input && { input }),
        ...(env && { env }),
      })
    } catch (error) {
      throw explain(error)
    }
  }

  async #findProgram(): Promise<string | undefined> {
    const places = this.#options.program === undefined ? usualPlaces : [this.#options.program]
    for (const place of places) {
      const found = await access(place, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (found) return place
    }
    return undefined
  }
}

/** What systemd-creds 252 to 257 says, and what it means. The first that fits counts. */
const sayings: [RegExp, string][] = [
  [/does not match (the )?(expected|filename|credential)/i, 'it belongs to something else'],
  [
    /tpm|pcr/i,
    'the security chip (TPM) does not open it: the chip has changed, or the secret comes from another computer',
  ],
  [
    /decryption failed|incorrect key|local credential key|credential host secret|bad message/i,
    'it was encrypted on another computer or by another installation of the system',
  ],
]

function explain(error: unknown): SealError {
  if (!isHoldfastError(error)) return new SealError('systemd-creds could not be run', true)
  const { exitCode, stderr, timeoutMs } = error.details
  if (typeof timeoutMs === 'number') return new SealError(`systemd-creds did not end within ${timeoutMs} ms`, true)
  if (error.code === 'config.invalid') return new SealError('systemd-creds could not be run', false)
  const said = typeof stderr === 'string' ? stderr : ''
  const meaning = sayings.find(([pattern]) => pattern.test(said))?.[1]
  if (meaning !== undefined) return new SealError(meaning, false)
  return typeof exitCode === 'number'
    ? new SealError(`systemd-creds failed with exit code ${exitCode}`, false)
    : new SealError('systemd-creds was ended before it was done', true)
}
