import { createLogger } from '../base/logger.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { AttachedVersion } from '../files/attachedVersion.ts'
import type { Attachment } from '../files/attachment.ts'
import { type AskPassphrase, VersionTree } from '../files/locate.ts'
import { serveDefault } from '../files/serve.ts'
import { withVersionFiles } from '../files/versionFiles.ts'
import type { Cli } from './cli.ts'
import type { FilesOptions } from './filesOptions.ts'
import { printable } from './textLayout.ts'

export interface OpenFiles {
  /** Id of the version. */
  id: string
  version: AttachedVersion
  tree: VersionTree
  attachment: Attachment
}

/** Attaches a version, lets `use` look into it, and takes everything away again. */
export async function withFiles<T>(
  cli: Cli,
  spec: string,
  options: FilesOptions & { signal: AbortSignal; mountPoint?: string },
  use: (files: OpenFiles) => Promise<T>,
): Promise<T> {
  const { signal } = options
  const logger = cliLogger(cli)
  return await cli.withSession(async session => {
    const { id, name } = await session.show(spec)
    const how = {
      stateDir: cli.stateDir,
      title: `${name} ${id}`,
      mountPoint: options.mountPoint ?? null,
      serve: serveDefault(await session.exports(id), logger),
      logger,
      signal,
    }
    return await withVersionFiles(how, async (version, attachment) => {
      const tree = new VersionTree(version, askFor(cli, options), signal)
      return await use({ id, version, tree, attachment })
    })
  })
}

/** Warnings go where all warnings go. */
export const cliLogger = (cli: Cli) =>
  createLogger({ level: cli.output.debug ? 'debug' : 'warn', write: line => cli.output.warn(line.trim()) })

/** How often somebody may mistype. */
const attempts = 3

function askFor(cli: Cli, { luksPassphraseFile }: FilesOptions): AskPassphrase {
  let asked = 0
  return async ({ name }, before) => {
    if (luksPassphraseFile !== undefined) {
      if (before) throw before
      const question = `Passphrase of the encrypted volume ${printable(name)}: `
      return await cli.secretTextFrom(luksPassphraseFile, '--luks-passphrase-file', question)
    }
    if (!cli.canAsk) {
      throw new HoldfastError('files.locked', `${name} is encrypted, and its passphrase was not given.`, {
        advice: 'Give --luks-passphrase-file FILE, or run the command in a terminal.',
        details: { volume: name },
      })
    }
    if (before && ++asked >= attempts) throw before
    if (before) cli.output.tell(`${before.message} Try again.\n`)
    return await cli.ask(`Passphrase of the encrypted volume ${printable(name)}: `, { hidden: true })
  }
}
