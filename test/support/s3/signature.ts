import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** What a request says of who sends it; see verifySignature. */
export interface Signed {
  keyId: string
  region: string
  /** Milliseconds since 1970 UTC. */
  at: number
}

export interface RawRequest {
  method: string
  /** As in the first line: path and query, percent-encoded. */
  target: string
  headers: IncomingHttpHeaders
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const strict = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

const shape =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

/** Who says to have signed a request; undefined when it is not signed with AWS Signature Version 4. */
export function claimOf({ headers }: RawRequest): Signed | undefined {
  const [, keyId, , region] = shape.exec(headers.authorization ?? '') ?? []
  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date'] ?? ''))
  if (keyId === undefined || region === undefined || !date) return undefined
  const [year, month, day, hour, minute, second] = date.slice(1).map(Number)
  return { keyId, region, at: Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) }
}

/**
 * True when the request was signed with this secret key. AWS Signature Version 4:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function verifySignature({ method, target, headers }: RawRequest, secretKey: string): boolean {
  const [, , day = '', region = '', signedHeaders = '', signature] = shape.exec(headers.authorization ?? '') ?? []
  const [path = '', query = ''] = target.split('?', 2)
  const pairs = query
    .split('&')
    .filter(pair => pair !== '')
    .map(pair => {
      const [name = '', value = ''] = pair.split('=', 2)
      return `${strict(decodeURIComponent(name))}=${strict(decodeURIComponent(value))}`
    })
  const canonical = [
    method,
    path,
    pairs.sort().join('&'),
    ...signedHeaders.split(';').map(
      name =>
        `${name}:${String(headers[name] ?? '')
          .trim()
          .replace(/ +/g, ' ')}`,
    ),
    '',
    signedHeaders,
    String(headers['x-amz-content-sha256'] ?? ''),
  ].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const text = ['AWS4-HMAC-SHA256', String(headers['x-amz-date']), scope, sha256(canonical)].join('\n')
  const key = ['s3', 'aws4_request'].reduce(hmac, hmac(hmac(`AWS4${secretKey}`, day), region))
  return hmac(key, text).toString('hex') === signature
}

/** What the body of a request does not agree with, as the code of the error; undefined when it agrees with everything. */
export function bodyFault(
  headers: IncomingHttpHeaders,
  body: Buffer,
): 'XAmzContentSHA256Mismatch' | 'BadDigest' | undefined {
  const hash = headers['x-amz-content-sha256']
  if (hash !== 'UNSIGNED-PAYLOAD' && hash !== sha256(body)) return 'XAmzContentSHA256Mismatch'
  const md5 = headers['content-md5']
  return md5 === undefined || md5 === createHash('md5').update(body).digest('base64') ? undefined : 'BadDigest'
}
