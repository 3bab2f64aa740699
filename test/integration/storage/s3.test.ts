import { afterAll, beforeAll, describe } from 'vitest'
import { parseRepositoryUrl } from '../../../engine/storage/locations.ts'
import { openS3 } from '../../../engine/storage/s3/open.ts'
import { describeS3Server } from '../../suites/s3ServerSuite.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { missingRadosgw, Radosgw } from '../../support/radosgw.ts'

const why = missingRadosgw()

describe.skipIf(why)(`radosgw${why ? ` (skipped: ${why})` : ''}`, () => {
  let radosgw: Radosgw
  let places = 0
  beforeAll(async () => {
    radosgw = await Radosgw.start()
  })
  afterAll(() => radosgw?.close())

  describeS3Server('radosgw', async () => ({
    endpoint: radosgw.endpoint,
    credentials: radosgw.credentials,
    close: async () => undefined,
  }))

  const fixture = (endpointOf: (radosgw: Radosgw) => string) => async () => {
    const location = parseRepositoryUrl(`s3:${endpointOf(radosgw)}/lab/backups/${places++}?ca=${radosgw.caPath}`)
    if (location.scheme !== 's3') throw new Error('not a bucket')
    const open = () => openS3(location, { expect: 'nothing', credentials: radosgw.credentials })
    return { storage: await open(), openAgain: open }
  }
  describeStorage(
    'S3 storage on radosgw',
    fixture(({ endpoint }) => endpoint),
  )
  describeStorage(
    'S3 storage on radosgw by TLS',
    fixture(({ tlsEndpoint }) => tlsEndpoint),
  )
})
