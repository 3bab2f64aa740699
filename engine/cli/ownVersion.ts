import { readFileSync } from 'node:fs'

/** Of this program, such as 0.1.0. */
export function ownVersion(): string {
  const description = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return (description as { version: string }).version
}
