import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { SecretFiles } from '../../engine/secrets/secretFiles.ts'

export const putterId = '00112233445566aa'

/** The n-th secret of a round: 1 to 60 KiB that cannot be mistaken for another one's, nor half of it. */
export function nthSecret(round: number, n: number): Buffer {
  const digest = createHash('sha256').update(`${round} ${n}`).digest()
  return Buffer.alloc(1024 + (digest.readUInt16LE(0) % (59 * 1024)), digest)
}

/** As a program: waits for a byte, then keeps one secret after the other, and says the number of each that is kept. */
async function putForever(folder: string, round: number): Promise<void> {
  writeSync(1, 'ready\n')
  await new Promise(resolve => process.stdin.once('data', resolve))
  const store = new SecretFiles(folder, { sealer: null })
  for (let n = 0; ; n++) {
    await store.put(putterId, 'key-file', nthSecret(round, n))
    writeSync(1, `${n}\n`)
  }
}

const [program, folder = '', round = ''] = process.argv.slice(1)
if (program && import.meta.url === pathToFileURL(program).href) await putForever(folder, Number(round))
