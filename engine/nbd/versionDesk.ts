import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { BackupResult, Overlay } from '../contract/models.ts'
import type { OnProgress } from '../contract/progress.ts'
import { runBackup } from '../pipeline/backup.ts'
import { readWholeRecipe } from '../pipeline/versionReader.ts'
import type { Repository } from '../repository/repository.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'
import { normalize, subtract } from '../sources/ranges.ts'
import { BlockCache } from './blockCache.ts'
import type { Export, WritableExport } from './export.ts'
import { overlayKey } from './overlayData.ts'
import { OverlayExport } from './overlayExport.ts'
import { pageBytes } from './overlayPages.ts'
import { hintsOf, OverlaySource } from './overlaySource.ts'
import type { OpenedFiles, OverlayStore } from './overlayStore.ts'
import { VersionExport } from './versionExport.ts'

/** Label of a version that was made of an overlay: the version that was written to. */
export const copyOfLabel = 'copy-of'

export interface CommitOptions {
  /** Of the new version; that of the version which was written to unless given. */
  name?: string
  labels?: Record<string, string>
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Opens versions of one repository as exports, to be read or to be written to. All of them share one cache, so memory does not
 * grow with their count.
 */
export class VersionDesk {
  readonly #repository: Repository
  readonly #overlays: OverlayStore
  readonly #cacheBytes: number | undefined
  #cache: Promise<BlockCache> | undefined
  readonly #opened = new Map<string, { device: Promise<VersionExport>; users: number }>()
  readonly #held: Export[] = []

  constructor(repository: Repository, overlays: OverlayStore, options: { cacheBytes?: number | undefined } = {}) {
    this.#repository = repository
    this.#overlays = overlays
    this.#cacheBytes = options.cacheBytes
  }

  /** A version to be read. All who have it open at the same moment share what it keeps. Close it. */
  async open(version: VersionRecord, options: { name?: string; description?: string } = {}): Promise<Export> {
    const shared = this.#opened.get(version.id) ?? { device: this.#openVersion(version), users: 0 }
    this.#opened.set(version.id, shared)
    shared.users++
    const leave = async () => {
      shared.users--
      if (shared.users > 0) return
      this.#opened.delete(version.id)
      await (await shared.device).close()
    }
    let device: VersionExport
    try {
      device = await shared.device
    } catch (error) {
      this.#opened.delete(version.id)
      throw error
    }
    const { sizeBytes, isReadOnly, preferredBlockBytes } = device
    return {
      name: options.name ?? version.id,
      description: options.description ?? `${version.name} of ${version.startedAt}`,
      ...{ sizeBytes, isReadOnly, preferredBlockBytes },
      read: (offset, length, signal) => device.read(offset, length, signal),
      reclaim: bytes => device.reclaim?.(bytes),
      extents: (offset, length, signal) => device.extents(offset, length, signal),
      cache: (offset, length, signal) => device.cache(offset, length, signal),
      close: leave,
    }
  }

  /** Keeps a version open until the desk is closed. */
  async hold(version: VersionRecord): Promise<void> {
    this.#held.push(await this.open(version))
  }

  async #openVersion(version: VersionRecord): Promise<VersionExport> {
    const options = this.#cacheBytes === undefined ? {} : { cacheBytes: this.#cacheBytes }
    this.#cache ??= BlockCache.open(this.#repository, options)
    return await VersionExport.open(this.#repository, version, await this.#cache)
  }

  /** Makes an empty overlay over a version. Nobody has it open yet. */
  async createOverlay(version: VersionRecord): Promise<string> {
    const { id: repositoryId, clock, storage } = this.#repository
    const { id, name, startedAt: date, sizeBytes } = version
    const facts = { repositoryId, url: storage.url, version: id, name, date, sizeBytes }
    return await this.#overlays.create(facts, clock.now())
  }

  /**
   * Opens an overlay to be read and written. Close it; it stays. config.notFound, config.inUse, usage.invalid when it is of another
   * repository, repository.versionNotFound when its version is gone.
   */
  async openOverlay(id: string, options: { name?: string } = {}): Promise<WritableExport> {
    return (await this.#openOverlay(id, options)).overlay
  }

  /**
   * Keeps what was written as a new version, which is protected until somebody says otherwise, and removes the overlay. Only what was
   * written is read and stored. Errors as openOverlay; usage.invalid when nothing was written. When it fails, the overlay is still there.
   */
  async commitOverlay(id: string, options: CommitOptions = {}): Promise<BackupResult> {
    const { overlay, base, files } = await this.#openOverlay(id)
    let result: BackupResult
    try {
      const changed = [...overlay.pages.changed()]
      if (changed.length === 0) throw nothingWritten(id)
      const written = normalize(changed.map(({ from, to }) => ({ start: from * pageBytes, end: to * pageBytes })))
      const lost = base.unreadable.map(({ offset, length }) => ({ start: offset, end: offset + length }))
      const missing = subtract(normalize(lost), written).map(({ start, end }) => ({
        offset: start,
        length: end - start,
      }))
      const recipe = await this.#recipeOf(base, options.signal)
      result = await runBackup(this.#repository, new OverlaySource(overlay, base), {
        name: options.name ?? base.name,
        labels: { ...options.labels, [copyOfLabel]: base.id },
        hints: hintsOf(overlay, this.#repository.blockSizeBytes),
        base,
        missing,
        ...('archive' in recipe && { recipe: Promise.resolve(recipe.archive) }),
        ...(options.signal ? { signal: options.signal } : {}),
        ...(options.onProgress ? { onProgress: options.onProgress } : {}),
      })
      if ('problem' in recipe) result.warnings.push(recipe.problem)
      const { clock, versions } = this.#repository
      const at = new Date(clock.now()).toISOString()
      await versions.putMark({ kind: 'protect', at, version: result.version, protected: true })
    } catch (error) {
      await overlay.close()
      throw error
    }
    await overlay.closeFiles()
    await files.remove()
    await overlay.closeBase()
    return result
  }

  /** What was written to a copy changes nothing about the machine around it. */
  async #recipeOf(
    base: VersionRecord,
    signal?: AbortSignal,
  ): Promise<{ archive: Buffer | undefined } | { problem: string }> {
    try {
      return { archive: await readWholeRecipe(this.#repository, base, signal) }
    } catch (error) {
      if (!isHoldfastError(error) || !error.code.startsWith('integrity.')) throw error
      return { problem: `The machine recipe was not taken over, because it is damaged: ${error.message}` }
    }
  }

  /** Waits for what is under way. Exports are closed before. */
  async close(): Promise<void> {
    for (const device of this.#held.splice(0)) await device.close()
    await (await this.#cache)?.close()
  }

  async #openOverlay(id: string, options: { name?: string } = {}) {
    const files = await this.#overlays.open(id)
    try {
      const base = await this.#baseOf(files.record)
      const version = await this.open(base, options)
      const key = overlayKey(this.#repository.masterKey, id)
      const overlay = await OverlayExport.open(version, { id, key, ...files }).catch(async error => {
        await version.close()
        throw error
      })
      return { overlay, base, files }
    } catch (error) {
      await files.data.close()
      await files.journal.close()
      await files.release()
      throw error
    }
  }

  async #baseOf(record: OpenedFiles['record']): Promise<VersionRecord> {
    if (record.repositoryId !== this.#repository.id) {
      throw new HoldfastError('usage.invalid', `Overlay ${record.id} is of another repository.`, {
        advice: `Name the one that was at ${record.url} when it was made.`,
        details: { overlay: record.id, repositoryId: record.repositoryId },
      })
    }
    const { versions } = await this.#repository.loadRecords()
    const base = versions.find(({ id }) => id === record.version)
    if (base) return base
    throw new HoldfastError(
      'repository.versionNotFound',
      `The version ${record.version} of overlay ${record.id} is gone.`,
      {
        advice: 'Without it, what was written to the overlay has no use; discard it.',
        details: { overlay: record.id, version: record.version },
      },
    )
  }
}

/** Overlays of a repository, by version. */
export const overlaysOf = (all: readonly Overlay[], repositoryId: string): ReadonlyMap<string, Overlay> =>
  new Map(all.filter(overlay => overlay.repositoryId === repositoryId).map(overlay => [overlay.version, overlay]))

function nothingWritten(id: string): HoldfastError {
  return new HoldfastError('usage.invalid', `Nothing was written to overlay ${id}, so there is nothing to keep.`, {
    advice: `Discard it: holdfast overlays discard ${id}`,
    details: { overlay: id },
  })
}
