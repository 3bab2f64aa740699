import { z } from 'zod'

/** What a storage elsewhere lets somebody in by. Never in a URL, an argument, a log or an error. */

const shortText = z.string().min(1).max(4096)
/** A private key or a file of settings, as text. */
const longText = z
  .string()
  .min(1)
  .max(48 * 1024)

export const storageCredentialsSchema = z.discriminatedUnion('kind', [
  /** Of S3 and what speaks like it; of Backblaze B2: the key id and the application key. */
  z.strictObject({ kind: z.literal('s3'), keyId: shortText, secretKey: shortText, sessionToken: shortText.optional() }),
  /** Of SFTP. Without any of these the SSH agent is asked. */
  z.strictObject({
    kind: z.literal('ssh'),
    /** In the form of OpenSSH or PEM. */
    privateKey: longText.optional(),
    /** That opens the private key. */
    passphrase: shortText.optional(),
    password: shortText.optional(),
  }),
  /** The text of a configuration of rclone that holds the remote. */
  z.strictObject({ kind: z.literal('rclone'), config: longText }),
])
export type StorageCredentials = z.infer<typeof storageCredentialsSchema>
