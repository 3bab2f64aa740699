import { describe } from 'vitest'
import { describeObjectLock } from '../../suites/objectLockSuite.ts'
import { missingRadosgw, Radosgw } from '../../support/radosgw.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'

describeObjectLock('the small S3 server of the tests', async () => {
  let passed: number | undefined
  const server = await S3Server.start({ lockClock: () => passed ?? Date.now() })
  return {
    endpoint: server.endpoint,
    credentials: { keyId: ownerKey.id, secretKey: ownerKey.secret },
    letPass: now => {
      passed = now
    },
    close: () => server.close(),
  }
})

const why = missingRadosgw()

describe.skipIf(why)(`radosgw${why ? ` (skipped: ${why})` : ''}`, () => {
  describeObjectLock('radosgw', async () => {
    const radosgw = await Radosgw.start()
    const { keyId, secretKey } = radosgw.credentials
    return { endpoint: radosgw.endpoint, credentials: { keyId, secretKey }, close: () => radosgw.close() }
  })
})
