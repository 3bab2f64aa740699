import { mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { replaceSynced } from '../../base/atomicFile.ts'
import { HoldfastError } from '../../contract/errors.ts'
import {
  fingerprintOf,
  hostName,
  judge,
  type KnownHost,
  knownHostLine,
  knownOf,
  parseKnownHosts,
  typeOf,
} from './hostKeys.ts'

export interface KnownHostsOptions {
  /** Where keys are kept that were agreed to; without, they are for one connection. */
  stateDir?: string | undefined
  /** Files of ssh that are read and never written. */
  files?: readonly string[] | undefined
}

const ownName = 'known-hosts'

/** What this computer knows of the keys of servers: what ssh knows, and what was agreed to here. */
export class KnownHosts {
  readonly #own: string | undefined
  readonly #files: readonly string[]

  constructor({ stateDir, files }: KnownHostsOptions) {
    this.#own = stateDir === undefined ? undefined : join(stateDir, ownName)
    this.#files = files ?? [join(homedir(), '.ssh/known_hosts'), '/etc/ssh/ssh_known_hosts']
  }

  /** Everything known of one server. config.invalid when a file is there and cannot be read. */
  async of(host: string, port: number): Promise<KnownHost[]> {
    const paths = [...(this.#own === undefined ? [] : [this.#own]), ...this.#files]
    const all = await Promise.all(paths.map(async path => parseKnownHosts(await textOf(path), path)))
    return knownOf(all.flat(), hostName(host, port))
  }

  /** Remembers a key for good, when there is a place for that. By one at a time. config.invalid when it cannot be written. */
  async pin(host: string, port: number, key: Buffer): Promise<void> {
    if (this.#own === undefined) return
    const before = await textOf(this.#own)
    const gap = before === '' || before.endsWith('\n') ? '' : '\n'
    try {
      await mkdir(dirname(this.#own), { recursive: true, mode: 0o700 })
      await replaceSynced(this.#own, `${before}${gap}${knownHostLine(hostName(host, port), key)}\n`)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new HoldfastError('config.invalid', `The key of ${host} cannot be kept in ${this.#own}: ${code}.`, {
        advice: 'Check the permissions of that folder, and the room on its disk.',
        details: { path: this.#own, errno: code },
        cause: error,
      })
    }
  }
}

/**
 * What stands against a key that a server presents; undefined when it may be trusted. A key that was agreed to by its fingerprint
 * counts only for a server of which nothing is known: nothing but removing what is known makes a changed key a good one.
 */
export function objection(
  server: { host: string; port: number; url: string },
  key: Buffer,
  known: readonly KnownHost[],
  accepted: string | undefined,
): HoldfastError | undefined {
  const { host, port, url } = server
  const verdict = judge(known, key)
  const fingerprint = fingerprintOf(key)
  const details = { url, host, port, fingerprint, keyType: typeOf(key) }
  if (verdict.kind === 'known' || (verdict.kind === 'unknown' && accepted === fingerprint)) return undefined
  if (verdict.kind === 'unknown') {
    const other = accepted === undefined ? '' : `, not ${accepted}`
    return new HoldfastError(
      'storage.hostKeyUnknown',
      `The key of ${host} is ${fingerprint}${other}; it is not known here.`,
      {
        advice: `Compare it with what whoever runs the server tells you, and if it is the same, add --accept-host-key ${fingerprint}.`,
        details,
      },
    )
  }
  const [first] = verdict.known
  const expected = [...new Set(verdict.known.map(entry => fingerprintOf(entry.key)))]
  const files = verdict.known.map(({ file, line }) => `${file}:${line}`)
  const what =
    verdict.kind === 'revoked'
      ? `The key of ${host}, ${fingerprint}, was revoked`
      : `The key of ${host} is ${fingerprint}; it was ${expected.join(' or ')} before`
  return new HoldfastError('storage.hostKeyChanged', `${what} (${files.join(', ')}). Nothing was sent.`, {
    advice: `Somebody may be posing as the server. Ask whoever runs it; only if its key was changed on purpose, remove line ${first?.line} of ${first?.file}.`,
    details: { ...details, expected, files },
  })
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return ''
    throw new HoldfastError('config.invalid', `The keys of known hosts in ${path} cannot be read: ${code}.`, {
      advice: 'Check the permissions of that file.',
      details: { path, errno: code },
      cause: error,
    })
  }
}
