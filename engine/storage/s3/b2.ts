import { z } from 'zod'
import { HoldfastError } from '../../contract/errors.ts'
import { networkError } from '../networkErrors.ts'
import { regionOfHost } from './region.ts'

/** Where an account is asked for; https://www.backblaze.com/apidocs/b2-authorize-account */
const authorizeUrl = 'https://api.backblazeb2.com/b2api/v3/b2_authorize_account'
const timeoutMs = 30_000

const answerSchema = z.object({ apiInfo: z.object({ storageApi: z.object({ s3ApiUrl: z.url() }) }) })

/**
 * The S3 endpoint of the account that a key of Backblaze B2 belongs to, and its region. storage.authFailed for a wrong key;
 * storage.unreachable and storage.failed otherwise.
 */
export async function findB2Endpoint(
  url: string,
  key: { accessKeyId: string; secretAccessKey: string },
  from = authorizeUrl,
): Promise<{ endpoint: string; region: string }> {
  const authorization = `Basic ${Buffer.from(`${key.accessKeyId}:${key.secretAccessKey}`).toString('base64')}`
  let response: Response
  let body: unknown
  try {
    response = await fetch(from, { headers: { authorization }, signal: AbortSignal.timeout(timeoutMs) })
    body = await response.json().catch(() => undefined)
  } catch (error) {
    const { cause } = error as { cause?: unknown }
    throw networkError(cause ?? error, { url, server: new URL(from).host }) ?? error
  }
  const { status } = response
  if (status === 401) {
    throw new HoldfastError('storage.authFailed', 'Backblaze does not know this key id with this application key.', {
      advice: 'Check both; an application key is shown only once, when it is made.',
      details: { url, status },
    })
  }
  const answer = answerSchema.safeParse(body)
  if (answer.success) {
    const endpoint = new URL(answer.data.apiInfo.storageApi.s3ApiUrl).origin
    return { endpoint, region: regionOfHost(endpoint) ?? 'us-west-004' }
  }
  const isBusy = status === 429 || status >= 500
  throw new HoldfastError('storage.failed', `Backblaze could not say where the buckets of this key are (${status}).`, {
    advice: isBusy ? 'Try again in a while.' : 'Give the endpoint of the bucket: b2:BUCKET?endpoint=https://…',
    details: { url, status },
    retryable: isBusy,
  })
}
