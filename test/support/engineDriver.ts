/**
 * A process that works with a repository as it is told, so that a test can kill or stop it. Argument: a JSON object with
 * stateDir, url, secret (hex of a key file). Reads one JSON object {method, args} a line from standard input and calls that
 * method of a session. Prints one JSON line when a call begins and, only after it has settled, one with what came of it.
 * Bytes in arguments are {"$hex": "…"}.
 */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { HoldfastError } from '../../engine/contract/errors.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'

const say = (line: Record<string, unknown>) => writeSync(1, `${JSON.stringify(line)}\n`)

const revive = (_: string, value: unknown) => {
  const hex = (value as { $hex?: unknown } | null)?.$hex
  return typeof hex === 'string' ? Buffer.from(hex, 'hex') : value
}

const { stateDir, url, secret } = JSON.parse(process.argv[2]!) as { stateDir: string; url: string; secret: string }
const session = await createEngine({ stateDir }).open(url, { kind: 'keyfile', content: Buffer.from(secret, 'hex') })
const methods = session as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
say({ ready: session.repositoryId })

for await (const line of createInterface({ input: process.stdin })) {
  const { method, args } = JSON.parse(line, revive) as { method: keyof Session; args: unknown[] }
  say({ begin: method })
  try {
    say({ done: method, result: (await methods[method]!(...args)) ?? null })
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    say({ failed: method, error: error.toWire() })
  }
}
await session.close()
