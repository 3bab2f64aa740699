import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type SeededRandom, seededRandom } from '../../../engine/demo/seededRandom.ts'
import { commandFlags, commands } from '../../../engine/nbd/protocol.ts'
import { isTemporaryName } from '../../../engine/storage/directory/temporary.ts'
import { holdfast, placeIn, type RunningHoldfast, startHoldfast } from '../../support/holdfast.ts'
import { drawSeed } from '../../support/killing.ts'
import { mixedImage, writeImage } from '../../support/mixedImage.ts'
import { NbdClient } from '../../support/nbdClient.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { WrittenPages } from '../../support/writtenPages.ts'

/** `holdfast nbd --read-write` killed in the middle of writes, and what the next one finds, on a real repository. */

const folder = useTemporaryFolder()
const execute = promisify(execFile)
const path = (name: string) => join(folder.path, name)
const mib = 1024 * 1024
const pageBytes = 4096
const rounds = 4
/** Requests that are under way at the same time. */
const atOnce = 8
let env: Record<string, string>
const running: RunningHoldfast[] = []

beforeEach(() => {
  env = placeIn(folder.path)
})
afterEach(async () => {
  for (const { process, result } of running.splice(0)) {
    process.kill('SIGKILL')
    await result
  }
})

async function json(...args: string[]) {
  const { code, stdout, stderr } = await holdfast([...args, '--json'], { env })
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

/** Starts the server, always at the same socket. */
function start(...args: string[]): RunningHoldfast {
  const server = startHoldfast(['nbd', '--read-write', '--socket', path('s'), '--json', ...args], { env })
  running.push(server)
  return server
}

/** Resolves when it takes connections. */
async function serve(...args: string[]): Promise<RunningHoldfast> {
  const server = start(...args)
  await new Promise<void>((resolve, reject) => {
    server.process.stdout.once('data', () => resolve())
    server.result.then(({ stderr, stdout }) => reject(new Error(`It ended: ${stdout}${stderr}`)), reject)
  })
  return server
}

async function kill(server: RunningHoldfast): Promise<void> {
  server.process.kill('SIGKILL')
  expect(await server.result).toMatchObject({ code: null, endedBy: 'SIGKILL' })
}

/** The whole disk, read by a program of other people. */
async function everything(): Promise<Buffer> {
  await execute('nbdcopy', [`nbd+unix:///?socket=${path('s')}`, path('copy')])
  return await readFile(path('copy'))
}

/** Whole pages most of the time, filled with the number of the write; now and then from anywhere to anywhere. */
function drawRange(random: SeededRandom, sizeBytes: number): { offset: number; length: number } {
  const isOdd = random.below(6) === 0
  const offset = isOdd ? random.below(sizeBytes) : random.below(Math.ceil(sizeBytes / pageBytes)) * pageBytes
  const length = isOdd ? random.between(1, 3 * pageBytes) : random.between(1, 8) * pageBytes
  return { offset, length: Math.min(length, sizeBytes - offset) }
}

interface Work {
  answered: number
  flushes: number
  /** Requests that nobody has answered. */
  cutOff: number
}

/** Writes, discards and flushes until the server is gone, which is killed some moment after it has answered so many requests. */
async function writeUntilKilled(
  server: RunningHoldfast,
  pages: WrittenPages,
  random: SeededRandom,
  nextNumber: () => number,
): Promise<Work> {
  const client = await NbdClient.attached(path('s'))
  const work: Work = { answered: 0, flushes: 0, cutOff: 0 }
  const last = random.between(1, 800)
  const delayMs = random.below(10)
  const ask = async (request: Parameters<NbdClient['request']>[0]): Promise<boolean> => {
    const reply = await client.request(request).catch(error => {
      if (!server.process.killed) throw error
      work.cutOff++
    })
    if (!reply) return false
    if (reply.error !== 0) throw new Error(`Request ${request.command} failed: ${reply.error} ${reply.message}`)
    if (++work.answered === last) setTimeout(() => server.process.kill('SIGKILL'), delayMs)
    return true
  }
  const change = async (): Promise<boolean> => {
    const { offset, length } = drawRange(random, pages.sizeBytes)
    if (pages.isBusy(offset, length)) return true
    const kind = random.below(10)
    const isDurable = random.below(40) === 0
    const flags = (isDurable ? commandFlags.fua : 0) | (kind === 1 ? commandFlags.noHole : 0)
    const zeros = kind === 0 ? commands.trim : kind <= 2 ? commands.writeZeroes : undefined
    const payload = Buffer.alloc(length)
    if (zeros === undefined) payload.fill(`${nextNumber()} `)
    const asked = pages.change(offset, payload)
    const request = zeros === undefined ? { command: commands.write, payload } : { command: zeros, length }
    if (!(await ask({ ...request, offset, flags }))) return false
    asked.answered(isDurable)
    return true
  }
  const flush = async (): Promise<boolean> => {
    const answered = pages.flush()
    if (!(await ask({ command: commands.flush }))) return false
    answered()
    work.flushes++
    return true
  }
  const writer = async () => {
    while (await (random.below(25) === 0 ? flush() : change()));
  }
  await Promise.all(Array.from({ length: atOnce }, writer))
  expect((await server.result).endedBy).toBe('SIGKILL')
  await client.destroy()
  return work
}

test.each(['overlays commit', '--commit'])(
  'what was flushed outlives kills of the server, and is kept by %s',
  async kept => {
    const seed = drawSeed(`killed server, ${kept}`)
    const random = seededRandom(seed)
    const image = mixedImage(8 * mib + 1000, seed)
    await writeImage(path('disk'), image)
    await json('init')
    const { version } = await json('backup', path('disk'), '--name', 'web')
    const pages = new WrittenPages(image)
    let number = 0
    let overlay: string | undefined
    const total: Work = { answered: 0, flushes: 0, cutOff: 0 }
    let uncertain = 0
    const openAgain = async (...args: string[]) => {
      // One that is killed while it begins, or right after, is in nobody's way.
      const doomed = start('--overlay', overlay!)
      await delay(random.below(1000))
      await kill(doomed)
      return await serve('--overlay', overlay!, ...args)
    }
    for (let round = 0; round < rounds; round++) {
      const server = await (overlay === undefined ? serve(version) : openAgain())
      expect(pages.found(await everything()), `pages with what they must not hold, seed ${seed}`).toEqual([])
      const work = await writeUntilKilled(server, pages, random, () => ++number)
      for (const key of ['answered', 'flushes', 'cutOff'] as const) total[key] += work[key]
      uncertain += pages.uncertain
      // Nobody tidies up: what it left is seen as it is, and the next one begins at the very same socket.
      expect(await readdir(folder.path)).toContain('s')
      const { overlays } = await json('overlays', 'list')
      expect(overlays).toMatchObject([{ version, name: 'web', inUse: false, isDamaged: false }])
      overlay ??= overlays[0].id
      expect(overlays[0].id).toBe(overlay)
    }
    console.log(
      `${total.answered} requests were answered, ${total.flushes} of them flushes, ${total.cutOff} cut off; ${uncertain} pages could be old or new`,
    )
    expect(Math.min(total.flushes, total.cutOff, uncertain)).toBeGreaterThan(0)

    const server = await openAgain(...(kept === '--commit' ? ['--commit'] : []))
    const written = await everything()
    expect(pages.found(written), `pages with what they must not hold, seed ${seed}`).toEqual([])
    expect(written.equals(image)).toBe(false)
    if (kept === '--commit') {
      server.process.kill('SIGTERM')
      expect(await server.result).toMatchObject({ code: 0 })
      expect(await readdir(folder.path)).not.toContain('s')
    } else {
      await kill(server)
      expect(await json('overlays', 'commit', overlay!)).toMatchObject({ name: 'web' })
    }

    const { versions } = await json('versions')
    expect(versions).toHaveLength(2)
    for (const { id } of versions) {
      await json('restore', id, path(id))
      expect((await readFile(path(id))).equals(id === version ? image : written), `version ${id}`).toBe(true)
    }
    await expectNothingLeft()
  },
)

/** No overlay, no lock that anything waits for. Half-written files of a killed server are no locks, and go after a day. */
async function expectNothingLeft(): Promise<void> {
  expect(await json('overlays', 'list')).toEqual({ overlays: [] })
  expect(await readdir(join(env.HOLDFAST_STATE_DIR!, 'overlays'))).toEqual([])
  expect(await json('prune')).toMatchObject({ waitingPacks: 0, waitingFor: [] })
  const locks = await readdir(join(env.HOLDFAST_REPO!, 'locks'))
  expect(locks.filter(name => !isTemporaryName(name))).toEqual([])
}
