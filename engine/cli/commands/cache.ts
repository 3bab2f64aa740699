import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { facts } from '../textLayout.ts'
import { parseSize } from '../values.ts'

interface CacheOptions {
  clear?: boolean
  size?: string
}

const notes = `
What is read from repositories that are elsewhere is kept in the state folder of
this computer, encrypted as it is there, so that looking around is quick. It may
be deleted at any time. What was not used for longest goes first.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Show, limit and clear what is kept of repositories that are elsewhere.')
    .option('--size <size>', 'disk that it may take, such as 5G, from now on; 0 keeps nothing (1 GiB)')
    .option('--clear', 'remove all of it')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['cache', 'How much is kept, and where.'],
          ['cache --size 5G', 'Let it take 5 GiB.'],
          ['cache --clear', 'Remove it.'],
        ],
        notes,
      ),
    )
    .action((options: CacheOptions) => run(cli, options))
}

async function run(cli: Cli, { clear, size }: CacheOptions): Promise<void> {
  const { cacheLimitBytes, cachePath, localCache, setCacheLimit } = await import('../../storage/cache/localCache.ts')
  const { stateDir } = cli
  const cache = localCache(stateDir)
  if (size !== undefined) {
    await setCacheLimit(stateDir, size === '0' ? 0 : parseSize(size, '--size'))
    await cache.trim()
  }
  if (clear) await cache.clear()
  const { bytes } = await cache.usage()
  const limitBytes = await cacheLimitBytes(stateDir)
  cli.output.result({ path: cachePath(stateDir), bytes, limitBytes }, () =>
    facts(
      [
        ['Place', cachePath(stateDir)],
        ['Kept', formatBytes(bytes)],
        ['Limit', limitBytes === 0 ? 'nothing is kept' : formatBytes(limitBytes)],
      ],
      '',
    ),
  )
}
