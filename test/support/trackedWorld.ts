import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { VolumeParts } from '../../engine/computerVolumes.ts'
import type { BackupResult } from '../../engine/contract/models.ts'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Engine, SourceOptions } from '../../engine/engineApi.ts'
import type { TrackingMethod } from '../../engine/tracking/trackedVolume.ts'
import { TrackingStore } from '../../engine/tracking/trackingStore.ts'
import { VolumeLocks } from '../../engine/tracking/volumeLocks.ts'
import { type FakeVolume, FakeVolumes } from './fakeVolumes.ts'
import { randomImage } from './mixedImage.ts'
import { attackSecret, expectRestores, originalOf } from './repositoryAttack.ts'

/** Of the repositories. */
export const blockBytes = 16 * 1024
/** The unit in which a volume knows what changed. */
export const chunk = 4096
export const volumeBytes = 512 * 1024

/** A store whose writes may be the last thing that a process does. */
class MortalStore extends TrackingStore {
  readonly #volumes: FakeVolumes

  constructor(stateDir: string, volumes: FakeVolumes) {
    super(stateDir)
    this.#volumes = volumes
  }

  override write(record: Parameters<TrackingStore['write']>[0]): Promise<void> {
    return this.#volumes.inSteps('write', () => super.write(record))
  }

  override remove(volume: string): Promise<void> {
    return this.#volumes.inSteps('forget', () => super.remove(volume))
  }
}

/** A volume that knows what changed, which a test can fill, cut off and kill at any step, and repositories that it is backed up to. */
export class World {
  readonly volumes: FakeVolumes
  readonly volume: FakeVolume
  readonly store: MortalStore
  readonly #base: string
  engine!: Engine
  /** By version: what the volume held at its snapshot. */
  readonly originals = new Map<string, Buffer>()

  private constructor(base: string, method: TrackingMethod) {
    this.#base = base
    this.volumes = new FakeVolumes(join(base, 'devices'))
    this.volume = this.volumes.add('/dev/group/volume', method, randomImage(volumeBytes, 'first'))
    this.store = new MortalStore(join(base, 'state'), this.volumes)
  }

  /** In a folder of its own below `folder`. */
  static async make(folder: string, method: TrackingMethod, repositories = 2): Promise<World> {
    const base = join(folder, `world-${Math.random().toString(36).slice(2)}`)
    await mkdir(join(base, 'devices'), { recursive: true })
    const world = new World(base, method)
    world.restart()
    for (let n = 0; n < repositories; n++) {
      await world.engine.init(world.#url(n), attackSecret, { blockSizeBytes: blockBytes })
    }
    return world
  }

  /** Another process takes over. */
  restart(parts: Partial<VolumeParts> = {}): void {
    this.volumes.revive()
    const locks = new VolumeLocks({ folder: join(this.#base, 'locks'), patienceMs: 500 })
    const volumes = { driver: this.volumes, store: this.store, locks, ...parts }
    this.engine = createEngine({ stateDir: join(this.#base, 'state'), volumes })
  }

  #url(repository: number): string {
    return join(this.#base, `repository-${repository}`)
  }

  open(repository: number) {
    return this.engine.open(this.#url(repository), attackSecret)
  }

  /** A run; what its version must hold is remembered. */
  async run(repository = 0, options: SourceOptions = {}): Promise<BackupResult> {
    const session = await this.open(repository)
    try {
      const taken = new Set(this.volume.snapshots.map(({ id }) => id))
      let content: Buffer | undefined
      // What is taken away after the run was seen before: while it is read, it is active.
      const { meanwhile } = this.volumes
      this.volumes.meanwhile = () => {
        const made = this.volume.own.filter(({ id }) => !taken.has(id)).at(-1)
        if (made) content = made.content
        meanwhile()
      }
      try {
        const result = await session.backup(this.volume.path, { name: 'volume', ...options })
        this.originals.set(result.version, content!)
        return result
      } finally {
        this.volumes.meanwhile = meanwhile
      }
    } finally {
      await session.close()
    }
  }

  async expectAllRestore(repositories = 2): Promise<number> {
    let count = 0
    for (let n = 0; n < repositories; n++) {
      const session = await this.open(n)
      try {
        for (const { id } of await session.versions()) {
          const original = this.originals.get(id)
          // Committed by a run that was killed before it could say so.
          if (original === undefined) continue
          await expectRestores(session, id, originalOf(original), this.#base)
          count++
        }
      } finally {
        await session.close()
      }
    }
    return count
  }

  write(chunkNumber: number, chunks = 1, seed: string | number = chunkNumber): void {
    const at = (chunkNumber * chunk) % this.volume.sizeBytes
    const bytes = seededRandom(`${seed}`).bytes(Math.min(chunks * chunk, this.volume.sizeBytes - at))
    this.volume.write(at, bytes)
  }

  get ownNames(): string[] {
    return this.volume.own.map(({ name }) => name)
  }

  async kept() {
    return (await this.store.read(this.volume.id))?.kept ?? null
  }
}
