import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../engine/base/clock.ts'
import { PauseGate } from '../../engine/base/pauseGate.ts'
import type { OnProgress, Phase } from '../../engine/contract/progress.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { randomImage, writeImage } from '../support/mixedImage.ts'
import { attackSecret } from '../support/repositoryAttack.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const image = randomImage(64 * 1024 * 1024, 'held')
/** Everything here takes less than that when nobody holds it. */
const longMs = 3000

let gate: PauseGate
let session: Session
let source: string

beforeEach(async () => {
  gate = new PauseGate(systemClock)
  const engine = createEngine({ stateDir: join(folder.path, 'state') })
  const url = join(folder.path, 'repository')
  await engine.init(url, attackSecret)
  session = await engine.open(url, attackSecret, { gate })
  source = join(folder.path, 'source.img')
  await writeImage(source, image)
})
afterEach(async () => {
  gate.end()
  await session.close()
})

/** Pauses work in a phase, sees that it does not end, and lets it; and how much of its time, in milliseconds, it was not held. */
async function heldIn<T>(
  phase: Phase,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<{ result: T; freeMs: number }> {
  const reached = Promise.withResolvers<void>()
  const began = systemClock.monotonic()
  let wasHeld = false
  let isDone = false
  const done = work(progress => {
    if (wasHeld || progress.phase !== phase) return
    wasHeld = gate.pause()
    reached.resolve()
  }).finally(() => {
    isDone = true
  })
  await Promise.race([reached.promise, done])
  const from = systemClock.monotonic()
  await systemClock.sleep(longMs)
  expect(isDone).toBe(false)
  const heldMs = systemClock.monotonic() - from
  gate.resume()
  const result = await done
  return { result, freeMs: systemClock.monotonic() - began - heldMs }
}

describe('a session in a folder of this computer', () => {
  it('reads nothing of a source while it is paused, also when there is nothing to store', async () => {
    await session.backup(source, { name: 'disk' })
    const { result, freeMs } = await heldIn('reading', onProgress =>
      session.backup(source, { name: 'disk', onProgress }),
    )
    expect(result).toMatchObject({ status: 'complete', newBytes: 0, readBytes: image.length })
    // The time of the pause is not counted.
    expect(result.durationMs).toBeLessThanOrEqual(freeMs + 1)
  })

  it('writes nothing to a target while it is paused, though threads do that by themselves', async () => {
    const { version } = await session.backup(source, { name: 'disk' })
    const target = join(folder.path, 'target.img')
    const { result } = await heldIn('restoring', onProgress => session.restore(version, target, { onProgress }))
    expect(result).toMatchObject({ damaged: [], writtenBytes: image.length })
    expect((await readFile(target)).equals(image)).toBe(true)
  })

  it('reads nothing back of a target while it is paused', async () => {
    const { version } = await session.backup(source, { name: 'disk' })
    const target = join(folder.path, 'target.img')
    const { result } = await heldIn('verifying', onProgress =>
      session.restore(version, target, { verify: true, onProgress }),
    )
    expect(result).toMatchObject({ verified: true })
  })

  it('checks nothing while it is paused, though threads read by themselves', async () => {
    await session.backup(source, { name: 'disk' })
    const { result } = await heldIn('scrubbing', onProgress => session.scrub([], { onProgress }))
    expect(result).toMatchObject({ damaged: [] })
  })
})
