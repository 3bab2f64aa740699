import { expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { runBackup } from '../../../engine/pipeline/backup.ts'
import { runRestore } from '../../../engine/pipeline/restore.ts'
import { lockLifetimeMs } from '../../../engine/repository/locks.ts'
import { LeapingClock } from '../../support/leapingClock.ts'
import { MemorySource } from '../../support/memorySource.ts'
import { MemoryTarget } from '../../support/memoryTarget.ts'
import { namesIn, useRepositories } from '../../support/tempRepository.ts'

const mib = 1024 * 1024
const repositories = useRepositories()

/** A source at whose read of that number the process is stopped, and continued after so long. */
class StoppedSource extends MemorySource {
  readonly #stop: () => void
  readonly #at: number

  constructor(content: Uint8Array, at: number, stop: () => void) {
    super(content)
    this.#at = at
    this.#stop = stop
  }

  override async read(buffer: Uint8Array, offset: number): Promise<number> {
    if (this.reads === this.#at) this.#stop()
    return super.read(buffer, offset)
  }
}

async function make(stoppedMs: number) {
  const clock = new LeapingClock()
  const { repository, storage } = await repositories.create({ clock })
  const content = randomBytes(96 * mib)
  const source = new StoppedSource(content, 40, () => clock.advance(stoppedMs))
  return { repository, storage, content, source }
}

it('a backup that was stopped for less than half the life of its lock goes on and is complete', async () => {
  const { repository, content, source } = await make(lockLifetimeMs / 2 - 1000)
  await runBackup(repository, source, { name: 'disk' })
  const target = new MemoryTarget(content.length)
  await runRestore(repository, (await repository.refresh()).versions[0]!, target)
  expect(target.content.equals(content)).toBe(true)
})

it('one that was stopped for longer ends soon after it is continued, without a version; the next stores the rest', async () => {
  const { repository, storage, content, source } = await make(lockLifetimeMs / 2 + 1000)
  await expect(runBackup(repository, source, { name: 'disk' })).rejects.toMatchObject({
    code: 'repository.lockLost',
    retryable: true,
  })
  // Of 96: what was under way in the threads is read to its end.
  expect(source.reads).toBeLessThan(70)
  expect((await repository.refresh()).versions).toEqual([])
  expect(await namesIn(storage, 'locks')).toEqual([])
  const again = await runBackup(repository, new MemorySource(content), { name: 'disk' })
  expect(again.newBytes).toBeLessThan(content.length - 16 * mib)
  const target = new MemoryTarget(content.length)
  await runRestore(repository, (await repository.refresh()).versions[0]!, target)
  expect(target.content.equals(content)).toBe(true)
})
