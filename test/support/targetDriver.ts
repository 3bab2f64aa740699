/**
 * Restores as it is told, several times in one process, which spares the start of many. Argument: a file with JSON {stateDir,
 * url, keyFile, restores: [{name, target, options, between?, abort?}]}. With `between`, a command of bash is run after a look at
 * the device and before the restore, which is told what it was; with `abort`, it is cancelled at the first news of progress.
 * A second file gets JSON {NAME: {result} or {exitCode, code, message, advice}} after each of them; what is in there already is not
 * done again.
 */
import { execFileSync } from 'node:child_process'
import { open, readFile, writeFile } from 'node:fs/promises'
import { exitCodeOf } from '../../engine/cli/exitCodes.ts'
import { HoldfastError } from '../../engine/contract/errors.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { endsOfDevice } from '../../engine/targets/deviceEnds.ts'
import { gatherTargetFacts } from '../../engine/targets/facts.ts'

interface Restore {
  name: string
  target: string
  options: Parameters<Session['restore']>[2]
  between?: string
  abort?: boolean
}

interface Orders {
  stateDir: string
  url: string
  keyFile: string
  restores: Restore[]
}

const [ordersFile, outcomesFile] = process.argv.slice(2) as [string, string]
const { stateDir, url, keyFile, restores } = JSON.parse(await readFile(ordersFile, 'utf8')) as Orders
const session = await createEngine({ stateDir }).open(url, { kind: 'keyfile', content: await readFile(keyFile) })

async function look(path: string) {
  const { sizeBytes } = await gatherTargetFacts(path)
  const file = await open(path)
  try {
    return { sizeBytes, ends: await endsOfDevice(file, sizeBytes) }
  } finally {
    await file.close()
  }
}

async function run({ target, options, between, abort }: Restore) {
  const expect = between === undefined ? undefined : await look(target)
  if (between !== undefined) execFileSync('bash', ['-c', between])
  const stop = new AbortController()
  try {
    const result = await session.restore('latest', target, {
      ...options,
      ...(expect && { expect }),
      ...(abort && { signal: stop.signal, onProgress: () => stop.abort() }),
    })
    return { result }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { exitCode: exitCodeOf(error), code: error.code, message: error.message, advice: error.advice }
  }
}

const outcomes: Record<string, unknown> = JSON.parse(await readFile(outcomesFile, 'utf8').catch(() => '{}'))
for (const restore of restores) {
  if (restore.name in outcomes) continue
  outcomes[restore.name] = await run(restore)
  await writeFile(outcomesFile, JSON.stringify(outcomes))
}
await session.close()
