import { type StorageCredentials, storageCredentialsSchema } from '../contract/credentials.ts'
import { type SecretStore, secretUnavailable, wipe } from '../secrets/secretStore.ts'

/** What lets us into storages elsewhere, kept beside the passphrases: JSON of the contract's schema. */

const kind = 'storage-credentials'

/** Keeps the credentials of a destination in place of those before. Fails as SecretStore.put does. */
export async function keepCredentials(
  secrets: SecretStore,
  destination: string,
  credentials: StorageCredentials,
): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(credentials), 'utf8')
  try {
    await secrets.put(destination, kind, bytes)
  } finally {
    wipe(bytes)
  }
}

/** Those that are kept; undefined when none are. secrets.unavailable when they cannot be had or read. */
export async function credentialsOf(
  secrets: SecretStore,
  destination: string,
): Promise<StorageCredentials | undefined> {
  const bytes = await secrets.get(destination, kind)
  if (bytes === undefined) return undefined
  try {
    const parsed = storageCredentialsSchema.safeParse(JSON.parse(bytes.toString('utf8')))
    if (parsed.success) return parsed.data
  } catch {
    // Told of below: what a parser says might hold a part of it.
  } finally {
    wipe(bytes)
  }
  throw secretUnavailable({ id: destination, kind }, 'cannot be read')
}

/** The error of a destination that cannot be opened without them. */
export const credentialsMissing = (destination: string) =>
  secretUnavailable({ id: destination, kind }, 'is not kept on this computer')
