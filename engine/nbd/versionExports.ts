import { formatBytes } from '../base/bytes.ts'
import { isHoldfastError } from '../contract/errors.ts'
import type { Version } from '../contract/models.ts'
import type { Repository } from '../repository/repository.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'
import { viewVersions } from '../repository/versionView.ts'
import { resolveVersion } from '../versions/select.ts'
import type { Export, ExportList, ExportSummary } from './export.ts'

/** Opens a version; called for every connection. */
export type OpenVersion = (record: VersionRecord, summary: ExportSummary) => Promise<Export>

/**
 * Offers one version, found by `spec` as it is now: under the empty name, its id and the spec. `repository.versionNotFound`,
 * `repository.versionAmbiguous`.
 */
export async function exportOfVersion(
  repository: Repository,
  spec: string,
  open: OpenVersion,
): Promise<{ list: ExportList; record: VersionRecord }> {
  const { record, view } = find(await loadVersions(repository), spec)
  const names = new Set(['', record.id, spec])
  const list: ExportList = {
    list: async () => [summaryOf(view)],
    open: async name => (names.has(name) ? await open(record, summaryOf(view)) : undefined),
  }
  return { list, record }
}

/**
 * Offers all versions of a repository, under all that they can be called by: id, beginning of an id, latest, NAME:latest~1. The
 * list has NAME:latest of each name, and then the ids, newest first. While a version is open under a name, the name stays with
 * it, so that several connections of one client see the same version even if a newer one has come.
 */
export function exportsOfRepository(repository: Repository, open: OpenVersion): ExportList {
  const inUse = new Map<string, { id: string; count: number }>()
  return {
    async list() {
      const { views } = await loadVersions(repository)
      const names = [...new Set(views.map(({ name }) => name))].sort()
      const latest = names.map(name => ({
        ...summaryOf(resolveVersion(views, `${name}:latest`)),
        name: `${name}:latest`,
      }))
      const newestFirst = [...views].sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0))
      return [...latest, ...newestFirst.map(summaryOf)]
    },
    async open(name) {
      if (name === '') return undefined
      const found = await tryToFind(repository, inUse.get(name)?.id ?? name)
      if (found === undefined) return undefined
      const use = inUse.get(name) ?? { id: found.record.id, count: 0 }
      inUse.set(name, use)
      use.count++
      const give = () => {
        use.count--
        if (use.count === 0) inUse.delete(name)
      }
      try {
        return closedWith(await open(found.record, summaryOf(found.view)), give)
      } catch (error) {
        give()
        throw error
      }
    },
  }
}

interface Versions {
  views: Version[]
  records: VersionRecord[]
}

async function loadVersions(repository: Repository): Promise<Versions> {
  const loaded = await repository.loadRecords()
  return { views: viewVersions(loaded, repository.index), records: loaded.versions }
}

function find({ views, records }: Versions, spec: string): { record: VersionRecord; view: Version } {
  const view = resolveVersion(views, spec)
  return { view, record: records.find(({ id }) => id === view.id)! }
}

async function tryToFind(repository: Repository, spec: string) {
  const versions = await loadVersions(repository)
  try {
    return find(versions, spec)
  } catch (error) {
    if (isHoldfastError(error, 'repository.versionNotFound')) return undefined
    throw error
  }
}

const summaryOf = ({ id, name, date, sizeBytes, status }: Version): ExportSummary => ({
  name: id,
  description: `${name} of ${date}, ${formatBytes(sizeBytes)}${status === 'complete' ? '' : `, ${status}`}`,
})

/** The same export, which also calls `onClose` when it is closed. */
function closedWith(device: Export, onClose: () => void): Export {
  const { name, description, sizeBytes, isReadOnly, preferredBlockBytes } = device
  return {
    name,
    description,
    sizeBytes,
    isReadOnly,
    preferredBlockBytes,
    read: (offset, length, signal) => device.read(offset, length, signal),
    reclaim: bytes => device.reclaim?.(bytes),
    extents: (offset, length, signal) => device.extents(offset, length, signal),
    cache: (offset, length, signal) => device.cache(offset, length, signal),
    async close() {
      try {
        await device.close()
      } finally {
        onClose()
      }
    },
  }
}
