import { extname, join, normalize, sep } from 'node:path'

/** Where the pages of the app are: app://holdfast/. A scheme of its own has an origin, and no access to files. */
export const contentScheme = 'app'
export const contentOrigin = `${contentScheme}://holdfast`
export const contentStart = `${contentOrigin}/index.html`

/** Scripts and styles come from files of the app alone; the screens make do without inline ones and without HTML as text. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'none'",
  "frame-src 'none'",
  "worker-src 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

export const contentHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()',
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

export interface ContentFile {
  path: string
  type: string
}

/** The file of `root` that a request means; undefined when there is none to mean. Pure. */
export function fileOf(request: { method: string; url: string }, root: string): ContentFile | undefined {
  const url = URL.parse(request.url)
  if (request.method !== 'GET' || url?.protocol !== `${contentScheme}:` || url.host !== 'holdfast') return undefined
  const name = decoded(url.pathname)
  if (name === undefined || name.includes('\0')) return undefined
  // A path without an ending is one of the screens, which all live in one page.
  const path = normalize(join(root, extname(name) === '' ? 'index.html' : name))
  const type = types[extname(path)]
  if (!path.startsWith(`${normalize(root)}${sep}`) || type === undefined) return undefined
  return { path, type }
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
