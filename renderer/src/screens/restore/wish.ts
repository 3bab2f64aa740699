import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import type { Input } from '../../state/calls.ts'
import { imageName, isFileName, isFolder, isVolumeName, joinPath, volumeName } from './wording.ts'

/** What a person wants, so far. */
export interface TargetWish {
  kind: 'device' | 'newFile' | 'newVolume' | null
  device: string | null
  folder: string
  fileName: string
  group: string | null
  /** Null for extents of its own. */
  thinPool: string | null
  volumeName: string
  verify: boolean
  delta: boolean
  /** On a larger disk, the last partition reaches to its end. */
  grow: boolean
}

/** Nothing is chosen for anybody. */
export const noWish = (version: LibraryVersion): TargetWish => ({
  kind: null,
  device: null,
  folder: '',
  fileName: imageName(version),
  group: null,
  thinPool: null,
  volumeName: volumeName(version),
  verify: true,
  delta: false,
  grow: false,
})

/** A wish as the service wants it; null while something is missing. */
export function planInput(version: LibraryVersion, wish: TargetWish): Input<'restores.plan'> | null {
  const { kind, device, folder, fileName, group, thinPool, verify, delta, grow } = wish
  const common = { destination: version.destination, version: version.id, verify }
  if (kind === 'device' && device !== null) return { ...common, delta, grow, target: { kind, device } }
  if (kind === 'newFile' && isFolder(folder) && isFileName(fileName)) {
    return { ...common, delta: false, target: { kind, path: joinPath(folder, fileName) } }
  }
  if (kind === 'newVolume' && group !== null && isVolumeName(wish.volumeName)) {
    return { ...common, delta: false, target: { kind, group, name: wish.volumeName, thinPool } }
  }
  return null
}
