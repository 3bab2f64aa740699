import { HoldfastError } from '../contract/errors.ts'
import { isVersionId } from '../contract/ids.ts'
import type { Version } from '../contract/models.ts'

/** What selecting needs to know of a version. */
export type SelectableVersion = Pick<Version, 'id' | 'name' | 'date' | 'status'>

/** A prefix of an id has at least this many digits. */
const minPrefixLength = 2

const idPrefix = new RegExp(`^[0-9a-f]{${minPrefixLength},16}$`)

/** So many candidates are named in a message; the details have all. */
const maxListed = 10

/**
 * Finds the version that a person names, by one of
 * - its id (16 hex digits), or the beginning of one, from 2 digits on, that no other id shares;
 * - `latest`: the newest of all, and `NAME:latest`: the newest of that name. `~N` after it goes N versions further back.
 *
 * latest counts complete versions only, as these are what one wants to restore. Where there is no complete one it counts
 * the damaged ones, and only where there are none of these either the incomplete ones. Equal dates: the higher id first.
 *
 * A name alone selects nothing, as it might mean any of its versions. A beginning of an id that is also the name of other
 * versions is ambiguous, so that nothing is removed that was not meant.
 *
 * Errors: repository.versionNotFound; repository.versionAmbiguous with details.candidates [{id, name, date}], newest first.
 */
export function resolveVersion<V extends SelectableVersion>(versions: readonly V[], spec: string): V {
  const latest = /^(?:(?<name>.+):)?latest(?:~(?<back>[0-9]+))?$/s.exec(spec)
  if (latest) return resolveLatest(versions, spec, latest.groups?.name, Number(latest.groups?.back ?? 0))

  const named = versions.filter(version => version.name === spec)
  const prefix = spec.toLowerCase()
  if (!idPrefix.test(prefix)) throw notFound(spec, named.length > 0)
  const matching = versions.filter(version => version.id.startsWith(prefix))
  if (matching.length === 0) throw notFound(spec, named.length > 0)
  const candidates = isVersionId(prefix) ? matching : [...new Set([...matching, ...named])]
  if (candidates.length > 1) throw ambiguous(spec, candidates, named.length > 0)
  return candidates[0]!
}

/** resolveVersion for several specs; a version named twice is in the result once, at its first place. */
export const resolveVersions = <V extends SelectableVersion>(versions: readonly V[], specs: readonly string[]): V[] => [
  ...new Set(specs.map(spec => resolveVersion(versions, spec))),
]

function resolveLatest<V extends SelectableVersion>(
  versions: readonly V[],
  spec: string,
  name: string | undefined,
  back: number,
): V {
  const group = name === undefined ? versions : versions.filter(version => version.name === name)
  const of = name === undefined ? 'in this repository' : `of “${name}”`
  for (const status of ['complete', 'damaged', 'incomplete'] as const) {
    const pool = group.filter(version => version.status === status).sort(newestFirst)
    if (pool.length === 0) continue
    const found = pool[back]
    if (found) return found
    const count = pool.length === 1 ? `is only 1 ${status} version` : `are only ${pool.length} ${status} versions`
    throw new HoldfastError('repository.versionNotFound', `“${spec}” names no version: there ${count} ${of}.`, {
      advice: `Use at most ~${pool.length - 1}.`,
      details: { spec, available: pool.length },
    })
  }
  throw new HoldfastError('repository.versionNotFound', `“${spec}” names no version: there is none ${of}.`, {
    advice: 'List the versions with `holdfast versions`.',
    details: { spec },
  })
}

/** ISO dates of one form sort as text. */
function newestFirst(a: SelectableVersion, b: SelectableVersion): number {
  if (a.date !== b.date) return a.date < b.date ? 1 : -1
  return a.id < b.id ? 1 : -1
}

function notFound(spec: string, isName: boolean): HoldfastError {
  if (isName) {
    return new HoldfastError('repository.versionNotFound', `“${spec}” is a name, and a name may have many versions.`, {
      advice: `Write ${spec}:latest for the newest one, ${spec}:latest~1 for the one before it, or an id.`,
      details: { spec },
    })
  }
  const short = new RegExp(`^[0-9a-f]{1,${minPrefixLength - 1}}$`, 'i').test(spec)
  return new HoldfastError('repository.versionNotFound', `There is no version “${spec}” in this repository.`, {
    advice: short
      ? `Give at least ${minPrefixLength} digits of the id.`
      : 'List the versions with `holdfast versions`; name one by id, by the beginning of its id, or as NAME:latest.',
    details: { spec },
  })
}

function ambiguous(spec: string, versions: readonly SelectableVersion[], isName: boolean): HoldfastError {
  const candidates = [...versions].sort(newestFirst).map(({ id, name, date }) => ({ id, name, date }))
  const listed = candidates.slice(0, maxListed).map(({ id, name, date }) => `${id} (${name}, ${date})`)
  const more = candidates.length > maxListed ? `, and ${candidates.length - maxListed} more` : ''
  return new HoldfastError(
    'repository.versionAmbiguous',
    `“${spec}” may mean any of ${candidates.length} versions: ${listed.join(', ')}${more}.`,
    {
      advice: isName ? `Give the whole id, or write ${spec}:latest.` : 'Give more digits of the id.',
      details: { spec, candidates },
    },
  )
}
