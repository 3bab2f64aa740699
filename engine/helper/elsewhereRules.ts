import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { StorageCredentials } from '../contract/credentials.ts'
import { HoldfastError } from '../contract/errors.ts'
import { locationText, parseRepositoryUrl, type StorageLocation } from '../storage/locations.ts'

/** Which places elsewhere a person may name to the helper, and with which credentials. */

type Elsewhere = Exclude<StorageLocation, { scheme: 'file' }>

const kindFor: Record<Elsewhere['scheme'], StorageCredentials['kind']> = {
  s3: 's3',
  b2: 's3',
  sftp: 'ssh',
  rclone: 'rclone',
}

const wanted: Record<StorageCredentials['kind'], string> = {
  s3: 'a key id and a secret key',
  ssh: 'a private key or a password',
  rclone: 'the text of a configuration of rclone',
}

/**
 * The URL of a place elsewhere in its one form. usage.invalid for folders, for credentials of another kind, and for what would let
 * whoever asks use rights of the helper that are not theirs: the system's helper lends nobody its keys, its agent, its configuration
 * of rclone, or files that not everybody may read.
 */
export async function checkElsewhere(
  text: string,
  credentials: StorageCredentials | undefined,
  mode: 'system' | 'user',
): Promise<string> {
  const location = parseRepositoryUrl(text)
  if (location.scheme === 'file') {
    throw refused(text, 'is a folder of this computer', 'Choose the folder or its drive.')
  }
  const url = locationText(location)
  const kind = kindFor[location.scheme]
  if (credentials !== undefined && credentials.kind !== kind) {
    throw refused(url, 'asks for credentials of another kind', `Give ${wanted[kind]}.`)
  }
  // An agent of SSH and a configuration of rclone are a person's own; the helper of one person has that person's.
  const mayBorrow = mode === 'user' && (kind === 'ssh' || kind === 'rclone')
  if (!givesAnything(credentials) && !mayBorrow) {
    throw refused(url, 'has no credentials', `Give ${wanted[kind]}.`)
  }
  if (location.scheme === 'sftp' && location.identity !== undefined && mode === 'system') {
    throw refused(url, 'names a file with a key', 'Give the key itself, which is then kept by the helper.')
  }
  if ((location.scheme === 's3' || location.scheme === 'b2') && location.ca !== undefined) {
    await checkCertificates(url, location.ca)
  }
  if (location.scheme === 'rclone' && mode === 'system') checkRclone(url, location.remote, credentials)
  return url
}

function givesAnything(credentials: StorageCredentials | undefined): boolean {
  if (credentials?.kind !== 'ssh') return credentials !== undefined
  return credentials.privateKey !== undefined || credentials.password !== undefined
}

async function checkCertificates(url: string, path: string): Promise<void> {
  const found = isAbsolute(path) ? await stat(path).catch(() => undefined) : undefined
  if (found?.isFile() && (found.mode & 0o004) !== 0) return
  throw refused(
    url,
    `names certificates in ${path}, which is no file that everybody may read`,
    'Give the whole path of a file with certificates, such as one in /etc/ssl/certs.',
  )
}

/** Types of remotes in the network, and those that stand before one remote (rclone.org/overview). Others might reach into this computer. */
const allowedTypes = new Set([
  ...['azureblob', 'azurefiles', 'b2', 'box', 'drive', 'dropbox', 'fichier', 'ftp', 'gcs', 'google cloud storage'],
  ...['hidrive', 'iclouddrive', 'internetarchive', 'jottacloud', 'koofr', 'mailru', 'mega', 'onedrive', 'opendrive'],
  ...['oracleobjectstorage', 'pcloud', 'pikpak', 'premiumizeme', 'protondrive', 'putio', 'qingstor', 's3', 'seafile'],
  ...['sftp', 'sharefile', 'storj', 'sugarsync', 'swift', 'ulozto', 'webdav', 'yandex', 'zoho'],
  ...['chunker', 'compress', 'crypt', 'hasher'],
])
/** Options of rclone that run programs, or read and write files, as the helper (rclone.org/docs, each backend). */
const reaching = /command|^ssh$|_file$|_path$|^known_hosts|unix|socket|^env_auth$|agent|cert|^profile$|^override\./i

/** The system's helper runs rclone as root: a configuration must neither run programs nor reach files of this computer. */
function checkRclone(url: string, remote: string, credentials: StorageCredentials | undefined): void {
  if (remote.includes(',')) throw refused(url, 'holds options of rclone', 'Put them into the configuration.')
  if (credentials?.kind !== 'rclone') return
  for (const line of credentials.config.split(/\r?\n/)) {
    const [, key = '', value = ''] = /^\s*([^=\s;#[][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (key === '') continue
    // The value may be a secret, the name of an option is none.
    if (reaching.test(key) && value !== '' && value !== 'false') {
      throw refused(
        url,
        `has the option ${key.slice(0, 60)}, which would run or read something as root`,
        'Leave it out.',
      )
    }
    const isStrange = key === 'type' && !allowedTypes.has(value.toLowerCase())
    const mayLeadHere = key === 'remote' && !/^[A-Za-z0-9_][A-Za-z0-9_ .@+-]*:[^,]*$/.test(value)
    if (isStrange || mayLeadHere) {
      throw refused(url, `might lead to folders of this computer (${key})`, 'Choose a folder or its drive instead.')
    }
  }
}

const refused = (url: string, why: string, advice: string) =>
  new HoldfastError('usage.invalid', `${url} ${why}.`, { advice, details: { url } })
