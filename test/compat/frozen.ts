import { readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { VersionId } from '../../engine/contract/ids.ts'
import type { Secret } from '../../engine/engineApi.ts'
import { folders } from '../../engine/repository/format.ts'

/** What a frozen repository holds, written down when it was made. */
export interface Expected {
  formatVersion: number
  blockSizeBytes: number
  /** The key file in hex. */
  secrets: { passphrase: string; recoveryPhrase: string; keyFile: string }
  /** In the order of their making. */
  versions: {
    id: VersionId
    name: string
    sizeBytes: number
    sha256: string
    protected: boolean
    labels: Record<string, string>
  }[]
}

export interface Frozen {
  /** Of the folder, such as format-1. */
  name: string
  /** The repository as it is in the checkout: folders without objects are missing. Not to be written to. */
  path: string
  expected: Expected
}

/** The frozen repositories of all format versions, as make.ts made them. */
export function frozenRepositories(): Frozen[] {
  const names = readdirSync(import.meta.dirname).filter(name => /^format-\d+$/.test(name))
  return names.map(name => {
    const text = readFileSync(join(import.meta.dirname, name, 'expected.json'), 'utf8')
    return { name, path: join(import.meta.dirname, name, 'repository'), expected: JSON.parse(text) as Expected }
  })
}

/**
 * A copy that may be written to. git keeps no empty folders, and the engine takes a missing one for a drive that is not
 * connected, so they are made here.
 */
export async function thaw(frozen: Frozen, path: string): Promise<void> {
  for (const folder of folders) await mkdir(join(path, folder), { recursive: true })
  await cp(frozen.path, path, { recursive: true })
}

export function secretsOf({ secrets }: Expected): Secret[] {
  return [
    { kind: 'passphrase', passphrase: secrets.passphrase },
    { kind: 'recovery', phrase: secrets.recoveryPhrase },
    { kind: 'keyfile', content: Buffer.from(secrets.keyFile, 'hex') },
  ]
}
