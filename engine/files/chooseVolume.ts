import { HoldfastError } from '../contract/errors.ts'
import type { Volume } from '../contract/files.ts'
import { partsOf } from './insidePath.ts'

/** What a path means: a volume and a path on it, or just the volumes there are. Pure. */
export type Choice<V> = { kind: 'volumes'; volumes: readonly V[] } | { kind: 'path'; volume: V; path: string }

/**
 * A path begins with the name of a volume; where only one can be opened, the name may be left out. `within` is the name of the
 * encrypted volume that these were found in. Fails with files.volumeNotFound, naming those there are.
 */
export function chooseVolume<V extends Volume>(volumes: readonly V[], path: string, within = ''): Choice<V> {
  const asked = partsOf(path)
  const openable = volumes.filter(({ state }) => state !== 'closed')
  for (const parts of [asked, [...partsOf(within), ...asked]]) {
    const named = [...volumes]
      .sort((a, b) => b.name.length - a.name.length)
      .find(({ name }) => startsWith(parts, name.split('/')))
    if (named) return { kind: 'path', volume: named, path: parts.slice(named.name.split('/').length).join('/') }
    // A volume group, or an encrypted volume with several inside.
    const below = volumes.filter(({ name }) => startsWith(name.split('/'), parts))
    if (parts.length > 0 && below.length > 1) return { kind: 'volumes', volumes: below }
  }
  if (openable.length === 1) return { kind: 'path', volume: openable[0]!, path: asked.join('/') }
  if (asked.length === 0) return { kind: 'volumes', volumes }
  const names = volumes.map(({ name }) => name)
  throw new HoldfastError('files.volumeNotFound', `No volume of this version fits ${path}.`, {
    advice:
      openable.length === 0
        ? 'None of its volumes can be opened; "holdfast files VERSION" says why.'
        : `Begin the path with one of: ${openable.map(({ name }) => name).join(', ')}`,
    details: { path, volumes: names },
  })
}

const startsWith = (parts: readonly string[], first: readonly string[]): boolean =>
  first.length <= parts.length && first.every((part, i) => parts[i] === part)
