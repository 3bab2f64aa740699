import { isHoldfastError } from '../../contract/errors.ts'

/** What an error of the SDK tells of a server's answer. */
export interface ErrorAnswer {
  /** HTTP. */
  status: number
  /** As in the answer's text, such as AccessDenied. Answers to HEAD have no text: then the SDK makes a name up. */
  code: string
  /** What the server says to it. */
  message: string
  headers: Readonly<Record<string, string | undefined>>
  /** That the server names, when the bucket is elsewhere. */
  region: string | undefined
}

/** What is said in an error of the SDK; undefined when no server has answered. */
export function errorAnswer(error: unknown): ErrorAnswer | undefined {
  const facts = (error ?? {}) as {
    name?: string
    Code?: string
    message?: string
    Region?: string
    $metadata?: { httpStatusCode?: number }
    $response?: { statusCode?: number; headers?: Record<string, string> }
  }
  const status = facts.$metadata?.httpStatusCode ?? facts.$response?.statusCode
  if (status === undefined) return undefined
  const headers = facts.$response?.headers ?? {}
  return {
    status,
    code: facts.Code ?? facts.name ?? '',
    message: facts.message ?? '',
    headers,
    region: headers['x-amz-bucket-region'] ?? facts.Region,
  }
}

/** Milliseconds that a header Retry-After asks for, in seconds or as a date (RFC 9110, 10.2.3). Undefined without one. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** True for an error of this driver about an answer with this status, and this code where one is given. */
export function isAnswer(error: unknown, status: number, ...codes: string[]): boolean {
  if (!isHoldfastError(error) || error.code === 'storage.bucketNotFound') return false
  const { details } = error
  return details.status === status && (codes.length === 0 || codes.includes(String(details.code)))
}
