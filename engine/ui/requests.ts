/**
 * Which requests are answered, and what every answer says about itself. Pure. The address is one of this computer alone, but any
 * page in the browser can send requests to it, and any name can be made to point to it.
 */

/** What a browser says about where a request goes and comes from. */
export interface RequestOrigin {
  host?: string | undefined
  origin?: string | undefined
}

export const ownHosts = (port: number): string[] => [`127.0.0.1:${port}`, `localhost:${port}`]

/** Any other name was made to point here (DNS rebinding). */
export const isOwnHost = ({ host }: RequestOrigin, port: number): boolean => ownHosts(port).includes(host ?? '')

/** Whether our own page asks. Pages of other ports are "same site" to a browser, so cookies say nothing about it. */
export const isOwnPage = (request: RequestOrigin, port: number): boolean =>
  isOwnHost(request, port) && request.origin === `http://${request.host}`

/** Cookies know no ports, so the name has to. */
export const cookieName = (port: number): string => `holdfast-${port}`

/** The value of a cookie out of the header of that name. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=')
    if (key === name && value !== undefined) return value
  }
  return undefined
}

/**
 * Headers of every answer. Scripts, styles and pictures come from here only, nothing is run from text, no other page can show
 * this one or send forms from it, and nothing is left behind in the browser.
 */
export function strictHeaders(port: number): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    // Not every browser counts a WebSocket to the same place as 'self'.
    `connect-src 'self' ${ownHosts(port)
      .map(host => `ws://${host}`)
      .join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  }
}
