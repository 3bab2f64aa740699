import { expect, it } from 'vitest'
import { listedVersions } from '../../../engine/storage/s3/versions.ts'

const at = (second: number) => new Date(Date.UTC(2026, 5, 1, 0, 0, second))

it('puts versions and markers of a page in the order in which they came to be, the newest first', () => {
  const listed = listedVersions({
    $metadata: {},
    Versions: [
      { Key: 'b', VersionId: '1', IsLatest: true, LastModified: at(0), Size: 5 },
      { Key: 'a', VersionId: '2', IsLatest: false, LastModified: at(2), Size: 6 },
      { Key: 'a', VersionId: '4', IsLatest: false, LastModified: at(1), Size: 7 },
    ],
    // Of the same second as what it hides.
    DeleteMarkers: [{ Key: 'a', VersionId: '3', IsLatest: true, LastModified: at(2) }],
  })
  expect(listed.map(({ key, versionId }) => key + versionId)).toEqual(['a3', 'a2', 'a4', 'b1'])
  expect(listed.map(({ isMarker, sizeBytes }) => [isMarker, sizeBytes])).toEqual([
    [true, 0],
    [false, 6],
    [false, 7],
    [false, 5],
  ])
})

it('knows the version without an id, from before the bucket had versions', () => {
  const [version] = listedVersions({ $metadata: {}, Versions: [{ Key: 'a', IsLatest: true, LastModified: at(0) }] })
  expect(version).toMatchObject({ versionId: 'null', isLatest: true, isMarker: false })
})
