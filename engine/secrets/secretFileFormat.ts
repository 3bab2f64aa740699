import { crc32 } from 'node:zlib'
import {
  isDestinationId,
  maxSecretBytes,
  ownCopy,
  type SecretKind,
  type SecretName,
  secretKinds,
} from './secretStore.ts'

/**
 * A file with a secret is one line of text and then the secret, plain or as systemd-creds gave it:
 *
 *     holdfast-secret 1 <id>.<kind> <protection> <bytes of the rest> <CRC-32 of the rest, 8 hex digits>\n
 *
 * The id and kind show a file that was put in the place of another; the CRC shows damage, which would otherwise look like a
 * wrong passphrase.
 */
const headerShape =
  /^holdfast-secret (\d{1,5}) ([0-9a-f]{16}\.[a-z-]{1,20}) (systemd-creds|file-permissions) (\d{1,7}) ([0-9a-f]{8})\n/
/** Longer than any header. */
export const maxHeaderBytes = 128
/** What systemd-creds makes of the largest secret, twice over. */
export const maxFileBytes = 4 * maxSecretBytes

export type FileProtection = 'systemd-creds' | 'file-permissions'

export interface SecretFileContent {
  protection: FileProtection
  /** The secret, or what it was sealed into. */
  body: Buffer
}

export const fileNameOf = ({ id, kind }: SecretName): string => `${id}.${kind}`

/** The name that is bound into a sealed secret. */
export const sealedNameOf = ({ id, kind }: SecretName): string => `holdfast-${id}-${kind}`

/** The secret that a file in the folder holds; undefined for files that are none. */
export function nameOfFile(file: string): SecretName | undefined {
  const [id = '', kind = '', ...rest] = file.split('.')
  const isName = rest.length === 0 && isDestinationId(id) && (secretKinds as readonly string[]).includes(kind)
  return isName ? { id, kind: kind as SecretKind } : undefined
}

/** Name of the file that becomes the secret when it is complete. `random` is 16 hex digits. */
export const temporaryNameOf = (name: SecretName, random: string): string => `.${fileNameOf(name)}.${random}.new`

/** The secret that an unfinished file was meant to hold; undefined for all other files. */
export function nameOfTemporary(file: string): SecretName | undefined {
  const name = /^\.(.+)\.[0-9a-f]{16}\.new$/.exec(file)?.[1]
  return name === undefined ? undefined : nameOfFile(name)
}

/** Parts of the file, in order. The body is not copied. */
export function encodeSecretFile(name: SecretName, { protection, body }: SecretFileContent): Uint8Array[] {
  const checksum = crc32(body).toString(16).padStart(8, '0')
  const header = `holdfast-secret 1 ${fileNameOf(name)} ${protection} ${body.length} ${checksum}\n`
  return [Buffer.from(header), body]
}

/** How the secret in a file is protected, from its first bytes; undefined when they are damaged. */
export function protectionIn(start: Uint8Array): FileProtection | undefined {
  const [, , , protection] = headerOf(start) ?? []
  return protection as FileProtection | undefined
}

/**
 * Reads a file. A text instead of the content says why it cannot be used and ends a sentence about the secret. The body is a
 * copy of its own.
 */
export function decodeSecretFile(name: SecretName, bytes: Uint8Array): SecretFileContent | string {
  const match = headerOf(bytes)
  if (!match) return 'is damaged on the disk'
  const [header, version, of, protection, length, checksum] = match
  if (version !== '1') return 'was kept by a newer Holdfast'
  if (of !== fileNameOf(name)) return 'is not there: its file holds another one'
  const body = bytes.subarray(header.length)
  const intact = body.length === Number(length) && crc32(body) === Number.parseInt(checksum!, 16)
  return intact ? { protection: protection as FileProtection, body: ownCopy(body) } : 'is damaged on the disk'
}

function headerOf(bytes: Uint8Array): RegExpExecArray | null {
  const end = bytes.subarray(0, maxHeaderBytes).indexOf(0x0a)
  return headerShape.exec(Buffer.from(bytes.subarray(0, end + 1)).toString('latin1'))
}
