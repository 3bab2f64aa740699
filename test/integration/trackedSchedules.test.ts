import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TrackingMethod } from '../../engine/tracking/trackedVolume.ts'
import { Killed } from '../support/fakeVolumes.ts'
import { isEveryCaseAsked } from '../support/someCases.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'
import { chunk, World } from '../support/trackedWorld.ts'

/** Backups of volumes that know what changed, with whatever happens between two runs, and to them. */

const folder = useTemporaryFolder()
const makeWorld = (method: TrackingMethod, repositories?: number) => World.make(folder.path, method, repositories)

/** What happens between two runs, and to them. */
const someEvent = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('run' as const), repository: fc.nat(2) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('kill' as const), repository: fc.nat(2), step: fc.nat(45) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      at: fc.nat(127),
      chunks: fc.integer({ min: 1, max: 30 }),
      seed: fc.nat(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('discard' as const), at: fc.nat(127) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeVersion' as const), repository: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), n: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('resize' as const), chunks: fc.integer({ min: 90, max: 160 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('foreign' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('takeAway' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('busy' as const), chunks: fc.nat(25), seed: fc.nat() }) },
)

test('whatever happens, versions hold what their snapshots held, and nothing of ours is left over', async () => {
  let tracked = 0
  let killed = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('lvm-thin' as const, 'lvm-classic' as const),
      fc.array(someEvent, { minLength: 6, maxLength: 22 }),
      async (method, events) => {
        const world = await makeWorld(method, 3)
        let foreign = 0
        for (const event of events) {
          if (event.kind === 'run' || event.kind === 'kill') {
            if (event.kind === 'kill') world.volumes.killAt(event.step)
            try {
              const result = await world.run(event.repository)
              if (result.method === method) tracked++
            } catch (error) {
              const code = (error as { code?: string }).code
              const isExpected =
                error instanceof Killed || code === 'source.snapshotInvalid' || code === 'source.noRoomForSnapshot'
              if (!isExpected) throw error
            }
            const wasKilled = world.volumes.revive()
            world.restart()
            if (wasKilled) killed++
            else {
              // Never more than what the record says is kept.
              const names = world.ownNames
              expect(names).toEqual(names.length === 0 ? [] : [(await world.kept())!.name])
            }
          } else if (event.kind === 'write') world.write(event.at, event.chunks, event.seed)
          else if (event.kind === 'discard') world.volume.discard(event.at % (world.volume.sizeBytes / chunk))
          else if (event.kind === 'rename') world.volume.path = `/dev/group/volume${event.n}`
          else if (event.kind === 'resize') world.volume.resize(event.chunks * chunk)
          else if (event.kind === 'foreign') world.volume.addForeign(`somebody-${++foreign}`)
          else if (event.kind === 'takeAway') {
            const [own] = world.volume.own
            if (own) world.volume.takeAway(own.id)
          } else if (event.kind === 'busy') {
            let n = 0
            world.volumes.meanwhile = () => world.write(n * 7 + event.seed, event.chunks, event.seed + n++)
          } else {
            const session = await world.open(event.repository)
            const [version] = await session.versions()
            if (version) await session.remove([version.id], {})
            await session.close()
          }
        }
        world.volumes.meanwhile = () => undefined
        world.volume.freeChunks += 1000
        await world.run(0)
        expect(world.ownNames).toEqual([(await world.kept())!.name])
        await world.expectAllRestore(3)
        await world.engine.forgetTracking({ volumes: [world.volume.id] })
        expect(world.ownNames).toEqual([])
        expect(await world.engine.tracking()).toEqual([])
        expect(world.volume.snapshots).toHaveLength(foreign)
      },
    ),
    { numRuns: isEveryCaseAsked ? 300 : 12 },
  )
  // Otherwise nothing was tried.
  expect(tracked).toBeGreaterThan(0)
  expect(killed).toBeGreaterThan(0)
})
