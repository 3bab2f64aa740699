import { type FileHandle, open, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, resolve } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { HoldfastError, throwIfAborted } from '../../contract/errors.ts'
import type { Session } from '../../engineApi.ts'
import type { Cli } from '../cli.ts'
import { printable } from '../textLayout.ts'

export interface SheetOptions {
  output?: string
  newPhrase?: boolean
  qr?: boolean
}

/**
 * Writes the recovery sheet of a repository that could be opened. On failure there is neither a file nor a new key.
 * target.exists when the file is there already, usage.invalid for a QR code of no phrase.
 */
export async function writeSheet(cli: Cli, options: SheetOptions): Promise<void> {
  if (options.qr && !options.newPhrase) {
    throw new HoldfastError(
      'usage.invalid',
      'The QR code is of the words, and they are on no page without --new-phrase.',
      {
        advice: 'Add --new-phrase, or leave --qr out.',
      },
    )
  }
  const url = cli.absoluteRepository
  const written = await cli.withSession(async session => {
    // Stopping in the middle could leave a key that is on no page.
    const { signal } = cli.callOptions()
    const { createdAt } = await session.stats({ locks: 'known' })
    const { repositoryId } = session
    const file = options.output ?? `holdfast-recovery-${repositoryId.slice(0, 8)}.html`
    const write = await sheetWriter({ ...options, repositoryId, createdAt, url })
    throwIfAborted(signal, 'The command')
    await fillNew(file, async page => {
      if (!options.newPhrase) return await page.writeFile(write())
      await withNewPhrase(session, async phrase => {
        await page.writeFile(write(phrase))
        // The words are nowhere else.
        await page.sync()
      })
    })
    return { file: resolve(file), repositoryId, withPhrase: options.newPhrase === true }
  })
  cli.output.done(written, () => `Wrote the recovery sheet to ${printable(written.file)}.\n`)
  if (written.withPhrase) {
    cli.output.warn(
      'Who can read this file can open the repository. Print it, then remove it. Its words are shown nowhere else.',
    )
  }
}

/** What makes the page, with or without the words; all that it needs is loaded then. */
async function sheetWriter(
  facts: Pick<SheetOptions, 'qr'> & { repositoryId: string; createdAt: string; url: string },
): Promise<(phrase?: string) => string> {
  const { recoverySheet } = await import('../../secrets/recoverySheet.ts')
  const { placeWithoutSecrets } = await import('../../secrets/sheetText.ts')
  const { repositoryId, createdAt, url } = facts
  const repositoryName = basename(placeWithoutSecrets(url))
  return phrase =>
    recoverySheet({
      ...{ repositoryName, repositoryId, url, createdAt },
      computerName: hostname(),
      printedAt: systemClock.now(),
      ...(phrase === undefined ? {} : { phrase, phraseAsQr: facts.qr === true }),
    })
}

/** Makes a recovery phrase, and takes it back when `use` fails: nobody would know the words. */
async function withNewPhrase(session: Session, use: (phrase: string) => Promise<void>): Promise<void> {
  const { key, recoveryPhrase } = await session.addRecoveryPhrase()
  try {
    await use(recoveryPhrase ?? '')
  } catch (error) {
    await session.removeKey(key.id).catch(() => undefined)
    throw error
  }
}

/** Makes a file that was not there, for its owner alone, and lets `fill` write it; removes it when that fails. */
async function fillNew(path: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx', 0o600).catch(error => {
    throw cannotWrite(path, error)
  })
  try {
    await fill(file)
    await file.close()
  } catch (error) {
    await file.close().catch(() => undefined)
    await unlink(path).catch(() => undefined)
    throw error instanceof HoldfastError ? error : cannotWrite(path, error as NodeJS.ErrnoException)
  }
}

function cannotWrite(path: string, error: NodeJS.ErrnoException): HoldfastError {
  const details = { path, errno: error.code }
  if (error.code === 'EEXIST') {
    return new HoldfastError('target.exists', `${path} is there already.`, {
      advice: 'Choose another name with --output; nothing is overwritten.',
      details,
    })
  }
  const code =
    error.code === 'ENOENT' ? 'target.notFound' : error.code === 'ENOSPC' ? 'target.full' : 'target.writeFailed'
  return new HoldfastError(code, `${path} cannot be written: ${error.code ?? error.message}.`, {
    advice: 'Choose another place with --output.',
    details,
    cause: error,
  })
}
