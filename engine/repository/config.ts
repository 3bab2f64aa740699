import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { HoldfastError } from '../contract/errors.ts'
import type { RepositoryId } from '../contract/ids.ts'
import { formatName, formatVersion, maximumBlockSizeBytes, minimumBlockSizeBytes } from './format.ts'
import { hmac } from './gcm.ts'

/** The plain object `config`: what a reader must know before it has a key. */
export interface RepositoryConfig {
  repositoryId: RepositoryId
  blockSizeBytes: number
  createdAt: string
}

const schema = z.strictObject({
  format: z.literal(formatName),
  version: z.literal(formatVersion),
  repositoryId: z.string().regex(/^[0-9a-f]{32}$/),
  blockSizeBytes: z.number().int(),
  createdAt: z.iso.datetime(),
  mac: z.string().regex(/^[0-9a-f]{64}$/),
})

export const isBlockSize = (bytes: number): boolean =>
  Number.isInteger(Math.log2(bytes)) && bytes >= minimumBlockSizeBytes && bytes <= maximumBlockSizeBytes

/** JSON with the fields in this order and no white space, and a MAC over everything before the field "mac". */
export function encodeConfig(config: RepositoryConfig, configKey: Uint8Array): Buffer {
  const body = {
    format: formatName,
    version: formatVersion,
    repositoryId: config.repositoryId,
    blockSizeBytes: config.blockSizeBytes,
    createdAt: config.createdAt,
  }
  return withMac(body, configKey)
}

/** `{…,"mac":"…"}`: the MAC is HMAC-SHA-256 of the JSON text without the field. */
export function withMac(body: Record<string, unknown>, configKey: Uint8Array): Buffer {
  const mac = hmac(configKey, JSON.stringify(body)).toString('hex')
  return Buffer.from(JSON.stringify({ ...body, mac }))
}

/** True when the object is exactly what withMac makes. */
export function macFits(bytes: Uint8Array, configKey: Uint8Array): boolean {
  try {
    const { mac, ...body } = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>
    const expected = withMac(body, configKey)
    return typeof mac === 'string' && expected.length === bytes.length && timingSafeEqual(expected, bytes)
  } catch {
    return false
  }
}

/**
 * Reads a config. Undefined when it is damaged or foreign; throws repository.formatTooNew when a newer Holdfast wrote it.
 * The MAC is checked later, when there is a key.
 */
export function parseConfig(bytes: Uint8Array, url: string): RepositoryConfig | undefined {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
  const head = z.object({ format: z.literal(formatName), version: z.number().int() }).safeParse(json)
  if (head.success && head.data.version > formatVersion) {
    throw new HoldfastError(
      'repository.formatTooNew',
      `The repository at ${url} has format ${head.data.version}; this Holdfast reads up to ${formatVersion}.`,
      { advice: 'Update Holdfast on this computer and try again.', details: { url, version: head.data.version } },
    )
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success || !isBlockSize(parsed.data.blockSizeBytes)) return undefined
  const { repositoryId, blockSizeBytes, createdAt } = parsed.data
  return { repositoryId: repositoryId as RepositoryId, blockSizeBytes, createdAt }
}
