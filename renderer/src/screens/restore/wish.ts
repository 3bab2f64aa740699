import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import type { Input } from '../../state/calls.ts'
import { imageName, isFileName, isFolder, joinPath } from './wording.ts'

/** What a person wants, so far. */
export interface TargetWish {
  kind: 'device' | 'newFile' | null
  device: string | null
  folder: string
  fileName: string
  verify: boolean
  delta: boolean
}

/** Nothing is chosen for anybody. */
export const noWish = (version: LibraryVersion): TargetWish => ({
  kind: null,
  device: null,
  folder: '',
  fileName: imageName(version),
  verify: true,
  delta: false,
})

/** A wish as the service wants it; null while something is missing. */
export function planInput(version: LibraryVersion, wish: TargetWish): Input<'restores.plan'> | null {
  const { kind, device, folder, fileName, verify, delta } = wish
  const common = { destination: version.destination, version: version.id, verify }
  if (kind === 'device' && device !== null) return { ...common, delta, target: { kind, device } }
  if (kind === 'newFile' && isFolder(folder) && isFileName(fileName)) {
    return { ...common, delta: false, target: { kind, path: joinPath(folder, fileName) } }
  }
  return null
}
