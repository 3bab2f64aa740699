import { HoldfastError } from '../contract/errors.ts'

/** Whose answer did not come: the place for messages and the server's name and port. */
export interface Server {
  url: string
  server: string
}

const certificateCodes =
  /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/
const nameCodes = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_FAIL'])
/** How a connection ends, and the words for it. */
const lost: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'broke off the connection',
  ECONNABORTED: 'broke off the connection',
  EPIPE: 'broke off the connection',
  ERR_STREAM_PREMATURE_CLOSE: 'broke off the connection',
  UND_ERR_SOCKET: 'broke off the connection',
  ETIMEDOUT: 'does not answer',
  ESOCKETTIMEDOUT: 'does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'does not answer',
  EHOSTUNREACH: 'cannot be reached',
  EHOSTDOWN: 'cannot be reached',
  ENETUNREACH: 'cannot be reached: there is no network',
  ENETDOWN: 'cannot be reached: there is no network',
  EADDRNOTAVAIL: 'cannot be reached: there is no network',
}

/** The error for a connection that failed; undefined when `error` is none of a connection. */
export function networkError(error: unknown, { url, server }: Server): HoldfastError | undefined {
  const code = codeOf(error)
  const isTimeout = (error as { name?: unknown } | null)?.name === 'TimeoutError'
  const options = { details: { url, server, ...(code !== undefined && { errno: code }) }, cause: plain(error) }
  if (code !== undefined && certificateCodes.test(code)) {
    return new HoldfastError(
      'storage.certificateInvalid',
      `The certificate of ${server} is not valid: ${why(code, error)}.`,
      {
        ...options,
        advice:
          'Nothing was sent. Check the name of the server and the clock of this computer; for a server with a certificate of its own, give the file that signs it as the option ca.',
      },
    )
  }
  if (code !== undefined && nameCodes.has(code)) {
    return new HoldfastError('storage.unreachable', `The server ${server} of ${url} cannot be found by its name.`, {
      ...options,
      advice: 'This computer may be offline: check the connection to the network, then the name.',
      retryable: true,
    })
  }
  if (code === 'EPROTO' && /wrong version number|packet length too long/.test(String(error))) {
    return new HoldfastError('storage.failed', `${server} does not speak TLS.`, {
      ...options,
      advice: 'Write http:// instead of https:// if the server is meant to be reached without encryption.',
    })
  }
  const isGarbled = code !== undefined && /^(HPE_|ERR_SSL_|EPROTO)/.test(code)
  const what = isTimeout ? 'does not answer' : isGarbled ? 'answered with nonsense' : lost[code ?? '']
  if (what === undefined) return undefined
  return new HoldfastError('storage.unreachable', `The server ${server} of ${url} ${what}.`, {
    ...options,
    advice: 'Check the connection to the network, and whether the server is running.',
    retryable: true,
  })
}

/** Reason of a certificate's refusal, in words where they are known. */
function why(code: string, error: unknown): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'it has expired'
    case 'CERT_NOT_YET_VALID':
      return 'it is not valid yet'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return 'it is for another name'
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return 'nobody who is trusted has signed it'
  }
  return error instanceof Error ? error.message : code
}

function codeOf(error: unknown): string | undefined {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] }
  if (typeof code === 'string') return code
  // Several addresses of one name were tried.
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : undefined
}

/** The same error without what hangs on it: an answer of a server, or a request with its signature. */
export function plain(error: unknown): Error {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  const copy = new Error(message)
  copy.name = name
  if (stack !== undefined) copy.stack = stack
  return copy
}
