import { stat } from 'node:fs/promises'
import type { StorageCredentials } from '../contract/credentials.ts'
import { HoldfastError } from '../contract/errors.ts'
import { readSecretFile, type SecretFile } from './secrets.ts'

/** Which option or variable names the file with credentials of the storage; the option counts first. */
export function credentialsSource(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { path: string; named: string } | undefined {
  if (option) return { path: option, named: '--credentials-file' }
  const path = env.HOLDFAST_CREDENTIALS_FILE
  return path ? { path, named: 'HOLDFAST_CREDENTIALS_FILE' } : undefined
}

/**
 * Reads a file with what a storage lets us in by. A file that others may read or change is refused, as ssh refuses such a key:
 * config.invalid, also for what cannot be understood. No error holds anything that is in the file.
 */
export async function readCredentialsFile(file: SecretFile): Promise<StorageCredentials> {
  const content = await readSecretFile(file)
  if (file.path !== '-') await assertPrivate(file)
  const { parseCredentials } = await import('./credentialsText.ts')
  const credentials = parseCredentials(content.toString('utf8'))
  if (typeof credentials !== 'string') return credentials
  throw new HoldfastError('config.invalid', `The file ${file.path} (${file.named}) ${credentials}.`, {
    advice:
      'Write two lines into it, KEY_ID=… and SECRET_KEY=…, or for SFTP PASSWORD=…; docs/destinations.md has all forms.',
    details: { path: file.path },
  })
}

async function assertPrivate({ path, named }: SecretFile): Promise<void> {
  const info = await stat(path)
  // A pipe of the shell, as of <(command), belongs to nobody else.
  if (!info.isFile() || (info.mode & 0o077) === 0) return
  const mode = (info.mode & 0o777).toString(8).padStart(4, '0')
  throw new HoldfastError(
    'config.invalid',
    `Others may read or change the file ${path} (${named}): its permissions are ${mode}.`,
    {
      advice: `Take them away with "chmod 600 ${path}"; if others may know the keys by now, make new ones.`,
      details: { path, mode },
    },
  )
}
