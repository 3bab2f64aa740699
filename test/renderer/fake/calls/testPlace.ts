import type { ErrorCode } from '../../../../engine/contract/errors.ts'
import type { HelperContract } from '../../../../engine/contract/helperContract.ts'
import type { CallOutput, HandlerInput } from '../../../../engine/contract/rpcContract.ts'
import type { FakeWorld } from '../world.ts'

type Tested = CallOutput<HelperContract, 'places.test'>

export const serverKey = 'SHA256:Kq3nqxMbEzdkFvYZ7qk0s1i2pQ9mCtFQH4uE0b8WcXA'

/** What the invented helper says of a place elsewhere: the words in its URL and its key id tell what is to go wrong. */
export function testPlace(
  world: FakeWorld,
  { url, credentials, acceptHostKey }: HandlerInput<HelperContract, 'places.test'>,
): Tested {
  const refused = (code: ErrorCode, more: Partial<NonNullable<Tested['problem']>> = {}): Tested => ({
    ...{ state: 'refused', url, repositoryId: null, destination: null, canDelete: null },
    problem: {
      code,
      message: `${url} cannot be used.`,
      advice: '',
      missingRight: null,
      rightName: null,
      hostKey: null,
      ...more,
    },
  })
  if (url.includes('offline')) return refused('storage.unreachable')
  if (url.includes('skewed')) return refused('storage.clockSkewed')
  if (url.includes('nowhere')) return refused('storage.bucketNotFound')
  if (url.includes('selfsigned')) return refused('storage.certificateInvalid')
  if (credentials?.kind === 's3' && credentials.keyId === 'wrong') return refused('storage.authFailed')
  if (url.includes('readonly'))
    return refused('storage.authFailed', { missingRight: 'write', rightName: 's3:PutObject' })
  if (url.startsWith('sftp:')) {
    const changed = { fingerprint: serverKey, expected: ['SHA256:0000000000000000000000000000000000000000000'] }
    if (url.includes('changed')) return refused('storage.hostKeyChanged', { hostKey: changed })
    if (acceptHostKey !== serverKey) {
      return refused('storage.hostKeyUnknown', { hostKey: { fingerprint: serverKey, expected: [] } })
    }
  }
  const known = [...world.places.values()].find(({ destination }) => destination.url === url)?.destination
  const isThere = known !== undefined || url.includes('existing')
  return {
    state: isThere ? 'repository' : 'free',
    url,
    repositoryId: known?.repositoryId ?? (isThere ? world.newId(32) : null),
    destination: known?.id ?? null,
    problem: null,
    canDelete: isThere || !/^(s3|b2):/.test(url) ? null : !url.includes('append'),
  }
}
