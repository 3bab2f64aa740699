import { execFileSync } from 'node:child_process'
import type { Compression } from './deb.ts'
import { checkout } from './runtime.ts'

/** What whoever makes packages may say. */

/** Seconds since 1970 that everything made now is dated with: SOURCE_DATE_EPOCH, else the last commit's time, else now. */
export function buildSeconds(): number {
  const said = process.env.SOURCE_DATE_EPOCH
  if (said !== undefined) return Number.parseInt(said, 10)
  try {
    return Number.parseInt(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: checkout, encoding: 'utf8' }), 10)
  } catch {
    return Math.floor(Date.now() / 1000)
  }
}

/** xz:6, gzip:1, none. */
export function compressionOf(said: string): Compression {
  const [, method, level = '6'] = /^(xz|gzip|none)(?::(\d))?$/.exec(said) ?? []
  if (method === undefined) throw new Error(`"${said}" is no compression; xz:6 is one, gzip:1 and none are others.`)
  return { method: method as Compression['method'], level: Number(level) }
}
