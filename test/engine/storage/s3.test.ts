import { afterAll, beforeAll } from 'vitest'
import { parseRepositoryUrl } from '../../../engine/storage/locations.ts'
import { openS3 } from '../../../engine/storage/s3/open.ts'
import type { StorageFixture } from '../../suites/storageReadingSuite.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { ownerKey, S3Server, type S3ServerOptions } from '../../support/s3Server.ts'

const credentials = { kind: 's3' as const, keyId: ownerKey.id, secretKey: ownerKey.secret }

/** Fixtures in a place of their own each, on one server for all tests of a suite. */
function placesOn(options: S3ServerOptions, rest = '') {
  let server: S3Server
  let places = 0
  beforeAll(async () => {
    server = await S3Server.start(options)
  })
  afterAll(() => server.close())
  return async (): Promise<StorageFixture> => {
    const location = parseRepositoryUrl(`${server.url(`backups/place ${places++}`)}${rest}`)
    if (location.scheme !== 's3') throw new Error('not a bucket')
    const open = () => openS3(location, { expect: 'nothing', credentials })
    return {
      storage: await open(),
      openAgain: open,
      tellsSent: true,
      exclusive: options.conditions === undefined ? 'sure' : 'best effort',
    }
  }
}

describeStorage('S3 storage', placesOn({ region: 'eu-north-7' }, '?class=STANDARD_IA'))
describeStorage('S3 storage where conditions are passed over', placesOn({ conditions: 'ignored' }))
describeStorage('S3 storage where conditions are refused', placesOn({ conditions: 'refused' }))
