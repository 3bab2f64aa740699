import { isUtf8 } from 'node:buffer'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { HoldfastError } from '../../contract/errors.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { HandlerOutput } from '../../contract/rpcContract.ts'

export type Preview = HandlerOutput<HelperContract, 'files.preview'>

const textBytes = 64 * 1024
const pictureBytes = 600 * 1024

/**
 * Looks at the beginning of a file. What is no ordinary file has no preview, and is neither waited for nor set in motion by being opened.
 * files.notFound, files.damaged.
 */
export async function previewFile(path: string): Promise<Preview> {
  let file: FileHandle
  try {
    // A pipe without a writer would be waited for; a tape would be rewound.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A link, a socket, a device that is not there (nodev).
    if (code === 'ELOOP' || code === 'ENXIO' || code === 'EACCES' || code === 'EPERM') return none('other')
    throw unreadable(error)
  }
  try {
    const facts = await file.stat()
    if (!facts.isFile()) return none('other')
    if (facts.size === 0) return none('empty')
    const head = await readUpTo(file, textBytes)
    const type = pictureType(head)
    if (type === undefined) return textOf(head, facts.size)
    if (facts.size > pictureBytes) return none('tooLarge')
    const bytes = await readUpTo(file, facts.size)
    return { kind: 'picture', type, base64: bytes.toString('base64') }
  } catch (error) {
    throw unreadable(error)
  } finally {
    await file.close()
  }
}

const none = (reason: Extract<Preview, { kind: 'none' }>['reason']): Preview => ({ kind: 'none', reason })

async function readUpTo(file: FileHandle, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}

const startsWith = (bytes: Buffer, text: string, at = 0) =>
  bytes.subarray(at, at + text.length).equals(Buffer.from(text, 'latin1'))

/** By what such files begin with: PNG 1.2 3.1, JPEG (ITU-T T.81 B.1.1.3), GIF89a 17, WebP container. Pure. */
export function pictureType(head: Buffer): Extract<Preview, { kind: 'picture' }>['type'] | undefined {
  if (startsWith(head, '\x89PNG\r\n\x1a\n')) return 'image/png'
  if (startsWith(head, '\xff\xd8\xff')) return 'image/jpeg'
  if (startsWith(head, 'GIF87a') || startsWith(head, 'GIF89a')) return 'image/gif'
  if (startsWith(head, 'RIFF') && startsWith(head, 'WEBP', 8)) return 'image/webp'
  return undefined
}

/** What is UTF-8 and has no control characters but those that texts and terminals have. Pure. */
export function textOf(head: Buffer, sizeBytes: number): Preview {
  const isWhole = head.length >= sizeBytes
  const bytes = isWhole ? head : withoutCutEnd(head)
  if (!isUtf8(bytes) || bytes.some(isControl)) return none('other')
  return { kind: 'text', text: bytes.toString('utf8'), isWhole }
}

/** \b \t \n \v \f \r and escape are in texts. */
const isControl = (byte: number) => byte === 127 || (byte < 32 && !(byte >= 8 && byte <= 13) && byte !== 27)

/** A character of UTF-8 has at most four bytes, of which the first is no continuation (RFC 3629, 3). */
function withoutCutEnd(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if ((byte & 0xc0) === 0x80) continue
    const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes
  }
  return bytes
}

function unreadable(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error
  const { code } = error as NodeJS.ErrnoException
  return new HoldfastError('files.damaged', `The file cannot be read: ${code ?? String(error)}.`, {
    advice: 'The version is damaged there; look for the file in another one.',
    details: { errno: code },
    cause: error,
  })
}
