import { describeS3Server } from '../../suites/s3ServerSuite.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'

describeS3Server('the small S3 server of the tests', async () => {
  const server = await S3Server.start()
  return {
    endpoint: server.endpoint,
    credentials: { keyId: ownerKey.id, secretKey: ownerKey.secret },
    close: () => server.close(),
  }
})
