import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { HoldfastError } from '../contract/errors.ts'
import type { Secret } from '../engineApi.ts'

/** Where the secret comes from that opens a repository. */
export type SecretSource =
  | { kind: 'passphrase-file'; path: string; named: string }
  | { kind: 'key-file'; path: string; named: string }
  | { kind: 'text'; text: string }
  | { kind: 'ask' }

export interface SecretOptions {
  passphraseFile?: string | undefined
  keyFile?: string | undefined
}

/**
 * Options count before the environment, files before HOLDFAST_PASSPHRASE, and without any of them the person is asked.
 * usage.invalid when both files are named in one place, as nobody can tell which is meant. `of` is 'to' for the repository that
 * something is copied into, 'from' for one that another is healed from; it is in the names of their options and variables.
 */
export function secretSource(
  options: SecretOptions,
  env: Readonly<Record<string, string | undefined>>,
  of?: 'to' | 'from',
): SecretSource {
  const option = of === undefined ? '--' : `--${of}-`
  const variable = of === undefined ? 'HOLDFAST_' : `HOLDFAST_${of.toUpperCase()}_`
  const names = { passphrase: `${option}passphrase-file`, key: `${option}key-file` }
  const fromOptions = fileSource(options.passphraseFile, names.passphrase, options.keyFile, names.key)
  if (fromOptions) return fromOptions
  const [passphraseFile, keyFile] = [`${variable}PASSPHRASE_FILE`, `${variable}KEY_FILE`]
  const fromFiles = fileSource(env[passphraseFile], passphraseFile, env[keyFile], keyFile)
  if (fromFiles) return fromFiles
  const text = env[`${variable}PASSPHRASE`]
  return text ? { kind: 'text', text } : { kind: 'ask' }
}

function fileSource(
  passphraseFile: string | undefined,
  passphraseName: string,
  keyFile: string | undefined,
  keyName: string,
): SecretSource | undefined {
  if (passphraseFile && keyFile) {
    throw new HoldfastError('usage.invalid', `Both ${passphraseName} and ${keyName} are given.`, {
      advice: 'One key is enough: leave one of them out.',
    })
  }
  if (passphraseFile) return { kind: 'passphrase-file', path: passphraseFile, named: passphraseName }
  return keyFile ? { kind: 'key-file', path: keyFile, named: keyName } : undefined
}

/** Larger than any passphrase; guards against a file that was named by mistake. */
const maxSecretBytes = 64 * 1024

/** Where a file with a secret is: its path, or "-" for standard input, and the option or variable that named it. */
export interface SecretFile {
  path: string
  named: string
  stdin: Readable
}

/** Reads a passphrase file: UTF-8 text, of which one line break at the end is dropped. */
export async function readPassphraseFile(file: SecretFile): Promise<string> {
  const { path, named } = file
  const bytes = await readSecretFile(file)
  try {
    return withoutLineBreak(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new HoldfastError('config.invalid', `The passphrase file ${path} (${named}) is not UTF-8 text.`, {
      advice: 'Save it as UTF-8, or use a file of random bytes with --key-file.',
      details: { path },
      cause,
    })
  }
}

export const withoutLineBreak = (text: string): string => text.replace(/\r?\n$/, '')

/** Reads a file with a passphrase or key, all of it. config.invalid when it cannot be read. */
export async function readSecretFile({ path, named, stdin }: SecretFile): Promise<Buffer> {
  let bytes: Buffer
  try {
    bytes = path === '-' ? await readStart(stdin) : await readFileStart(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EACCES'
          ? 'may not be read by this user'
          : `cannot be read: ${code ?? String(cause)}`
    throw new HoldfastError('config.invalid', `The file ${path} (${named}) ${why}.`, {
      advice: 'Check the path and its permissions.',
      details: { path, errno: code },
      cause,
    })
  }
  if (bytes.length <= maxSecretBytes) return bytes
  throw new HoldfastError('config.invalid', `The file ${path} (${named}) is larger than 64 KiB.`, {
    advice: 'Name the file with the passphrase or key, not a disk or a backup.',
    details: { path },
  })
}

async function readFileStart(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  return await readStart(file.createReadStream({ highWaterMark: maxSecretBytes }))
}

/** What a stream holds, or somewhat more than a secret may have. Ends the stream. */
async function readStart(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > maxSecretBytes) break
  }
  return Buffer.concat(chunks)
}

/**
 * The secret that a typed or stored text means: 24 words of the BIP-39 list are a recovery phrase, everything else is a
 * passphrase. A phrase that cannot be right is repository.wrongKey and names the words that are not in the list.
 */
export async function secretFromText(text: string): Promise<Secret> {
  const { looksLikePhrase, phraseWords, secretFromPhrase, unknownWords } = await import(
    '../repository/recoveryPhrase.ts'
  )
  if (!looksLikePhrase(text)) return { kind: 'passphrase', passphrase: text }
  if (secretFromPhrase(text)) return { kind: 'recovery', phrase: phraseWords(text).join(' ') }
  const unknown = unknownWords(text)
  if (unknown.length === 0) {
    throw new HoldfastError('repository.wrongKey', 'The recovery phrase is not right: its checksum does not fit.', {
      advice: 'All 24 words are possible ones, so one is mistaken for another or they are in the wrong order.',
    })
  }
  const which = unknown.length === 1 ? `Word ${unknown[0]}` : `Words ${unknown.join(', ')}`
  throw new HoldfastError(
    'repository.wrongKey',
    `${which} of the recovery phrase ${unknown.length === 1 ? 'is' : 'are'} not in the word list.`,
    { advice: 'Look for typing errors there; the words are plain English.', details: { positions: unknown } },
  )
}

/**
 * Fails with usage.invalid when a text cannot be a new passphrase: it is empty, or it has the form of a recovery phrase and
 * could never be typed in as anything else.
 */
export async function requirePassphrase(text: string): Promise<void> {
  if (text === '') {
    throw new HoldfastError('usage.invalid', 'The passphrase is empty.', {
      advice: 'Choose one of several words; without it anybody who finds the drive could read the backups.',
    })
  }
  const { looksLikePhrase } = await import('../repository/recoveryPhrase.ts')
  if (looksLikePhrase(text)) {
    throw new HoldfastError('usage.invalid', 'A passphrase of 24 such words would be taken for a recovery phrase.', {
      advice: 'Choose another passphrase; a recovery phrase of its own is made for every repository.',
    })
  }
}
