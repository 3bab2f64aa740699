import type { Repository } from '../repository/repository.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'
import { BlockCache } from './blockCache.ts'
import type { Export, ExportList, ExportSummary } from './export.ts'
import { VersionExport } from './versionExport.ts'

/** One version as the default export, and under its id. Its readers share a cache. */
export class SingleVersion implements ExportList {
  readonly #repository: Repository
  readonly #version: VersionRecord
  readonly #cache: BlockCache

  private constructor(repository: Repository, version: VersionRecord, cache: BlockCache) {
    this.#repository = repository
    this.#version = version
    this.#cache = cache
  }

  static async open(repository: Repository, version: VersionRecord): Promise<SingleVersion> {
    return new SingleVersion(repository, version, await BlockCache.open(repository))
  }

  async list(): Promise<ExportSummary[]> {
    const { id, name, startedAt } = this.#version
    return [{ name: id, description: `${name} of ${startedAt}` }]
  }

  async open(name: string, signal?: AbortSignal): Promise<Export | undefined> {
    if (name !== '' && name !== this.#version.id) return undefined
    return await VersionExport.open(this.#repository, this.#version, this.#cache, signal ? { signal } : {})
  }

  /** All exports are closed by then. */
  async close(): Promise<void> {
    await this.#cache.close()
  }
}
