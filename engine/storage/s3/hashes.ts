import { createHash } from 'node:crypto'
import type { Upload } from './upload.ts'

/** Has a request signed with the hash of its body, which the SDK does not know as the body is a stream. */
export const withHash =
  ({ hash }: Upload) =>
  <Args extends { request: unknown }, Result>(next: (args: Args) => Promise<Result>) =>
  (args: Args): Promise<Result> => {
    const { headers } = args.request as { headers: Record<string, string> }
    headers['x-amz-content-sha256'] = hash
    return next(args)
  }

export const beforeSigning = { step: 'build', name: 'bodyHash' } as const

/**
 * Has a small request checked by its MD5, which every server understands, instead of the SDK's choice.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html
 */
export const withMd5 =
  <Args extends { request: unknown }, Result>(next: (args: Args) => Promise<Result>) =>
  (args: Args): Promise<Result> => {
    const { headers, body } = args.request as { headers: Record<string, string>; body?: string | Uint8Array }
    for (const header of Object.keys(headers)) if (/^x-amz-(sdk-)?checksum-/i.test(header)) delete headers[header]
    headers['content-md5'] = createHash('md5')
      .update(body ?? '')
      .digest('base64')
    return next(args)
  }

export const afterChecksums = { step: 'build', name: 'md5', priority: 'low' } as const
