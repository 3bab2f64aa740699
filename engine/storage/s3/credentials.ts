import type { S3ClientConfig } from '@aws-sdk/client-s3'
import type { StorageCredentials } from '../../contract/credentials.ts'
import { HoldfastError } from '../../contract/errors.ts'

/** What requests are signed with: a fixed key, or a function that fetches one again when it has expired. */
export type SigningKey = NonNullable<S3ClientConfig['credentials']>

type Environment = Readonly<Record<string, string | undefined>>

/** Pairs of variables that hold a key id and its secret key, those that count first at the beginning. */
const variables = {
  own: ['HOLDFAST_S3_KEY_ID', 'HOLDFAST_S3_SECRET_KEY'],
  b2: ['B2_APPLICATION_KEY_ID', 'B2_APPLICATION_KEY'],
  aws: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
} as const

/**
 * The key for a bucket: the one that was given, else one of the environment, else, but for B2, the profile of
 * ~/.aws/credentials that AWS_PROFILE names. storage.authFailed when there is none, config.invalid for one of another kind.
 */
export async function findSigningKey(
  scheme: 's3' | 'b2',
  url: string,
  given: StorageCredentials | undefined,
  env: Environment,
): Promise<SigningKey> {
  if (given) return fromContract(url, given)
  const pairs = scheme === 'b2' ? [variables.own, variables.b2, variables.aws] : [variables.own, variables.aws]
  for (const pair of pairs) {
    const key = fromVariables(url, pair, env)
    if (key) return key
  }
  const fromFile = scheme === 's3' ? await fromProfile(env) : undefined
  if (fromFile) return fromFile
  throw new HoldfastError('storage.authFailed', `There is no key for ${url}.`, {
    advice: `Give --credentials-file FILE, or set ${variables.own.join(' and ')}.`,
    details: { url },
  })
}

function fromContract(url: string, given: StorageCredentials): SigningKey {
  if (given.kind === 's3') return signingKey(given.keyId, given.secretKey, given.sessionToken)
  throw new HoldfastError('config.invalid', `The credentials given for ${url} are of the kind ${given.kind}.`, {
    advice: 'Give a key id and a secret key.',
    details: { url },
  })
}

function fromVariables(url: string, [idName, keyName]: readonly [string, string], env: Environment) {
  const [id, key] = [env[idName], env[keyName]]
  if (id && key) return signingKey(id, key, idName.startsWith('AWS_') ? env.AWS_SESSION_TOKEN : undefined)
  if (!id && !key) return undefined
  const [set, missing] = id ? [idName, keyName] : [keyName, idName]
  throw new HoldfastError('storage.authFailed', `There is half a key for ${url}: ${set} is set, ${missing} is not.`, {
    advice: `Set ${missing}, too.`,
    details: { url },
  })
}

async function fromProfile(env: Environment): Promise<SigningKey | undefined> {
  const { fromIni } = await import('@aws-sdk/credential-provider-ini')
  const provider = fromIni(env.AWS_PROFILE ? { profile: env.AWS_PROFILE } : {})
  try {
    await provider()
    return provider
  } catch {
    return undefined
  }
}

const signingKey = (accessKeyId: string, secretAccessKey: string, sessionToken: string | undefined) => ({
  accessKeyId,
  secretAccessKey,
  ...(sessionToken && { sessionToken }),
})
