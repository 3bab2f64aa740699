import type { ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3'

/** One version of an object in a bucket with versions. */
export interface ListedVersion {
  key: string
  versionId: string
  /** The one that is read without an id. */
  isLatest: boolean
  /** What a removal leaves: from its moment on, there is no object. */
  isMarker: boolean
  sizeBytes: number
  /** Milliseconds since 1970 UTC by the server's clock. */
  modifiedAt: number
}

/** What a page of versions lists, by key, of each key the newest first; the SDK has objects and markers apart. */
export function listedVersions({
  Versions = [],
  DeleteMarkers = [],
}: ListObjectVersionsCommandOutput): ListedVersion[] {
  const listed = [
    ...Versions.map(version => ({ ...version, isMarker: false })),
    ...DeleteMarkers.map(marker => ({ ...marker, Size: 0, isMarker: true })),
  ].map(({ Key = '', VersionId = 'null', IsLatest = false, LastModified, Size = 0, isMarker }) => ({
    key: Key,
    versionId: VersionId,
    isLatest: IsLatest,
    isMarker,
    sizeBytes: Size,
    modifiedAt: LastModified?.getTime() ?? 0,
  }))
  return listed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : newestFirst(a, b)))
}

const newestFirst = (a: ListedVersion, b: ListedVersion): number =>
  Number(b.isLatest) - Number(a.isLatest) || b.modifiedAt - a.modifiedAt
