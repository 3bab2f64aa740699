import { basename, dirname, join } from 'node:path'
import { versionLine } from '../programs.ts'
import { type Invocation, type Places, passphrase, type Tool } from '../tool.ts'

function invocation(places: Places, cwd: string, args: string[]): Invocation {
  return {
    argv: ['borg', ...args],
    cwd,
    env: {
      BORG_REPO: places.repository,
      BORG_PASSPHRASE: passphrase,
      BORG_BASE_DIR: join(places.home, 'base'),
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'no',
    },
  }
}

function makeBorg(name: string, settings: string, createOptions: string[]): Tool {
  return {
    name,
    settings,
    version: () => versionLine('borg', ['--version']),
    init: places => invocation(places, places.home, ['init', '--encryption', 'repokey']),
    backup: (places, label) => {
      const image = basename(places.image)
      const options = ['--compression', 'zstd,1', '--files-cache', 'disabled', ...createOptions]
      return invocation(places, dirname(places.image), ['create', ...options, `::${label}`, image])
    },
    restore: (places, label, folder) => ({
      ...invocation(places, folder, ['extract', `::${label}`]),
      restored: join(folder, basename(places.image)),
    }),
    scrub: places => invocation(places, places.home, ['check', '--verify-data']),
  }
}

/** borg with zstd-1 and its default content-defined chunks (about 2 MiB), AES-CTR with HMAC-SHA-256. */
export const borg = makeBorg(
  'borg',
  'repokey, zstd level 1, `--files-cache disabled` so that an unchanged file is read again',
  [],
)

/** borg as its manual advises for disk images: chunks of a fixed 4 MiB. */
export const borgFixed = makeBorg('borg-fixed', 'as borg, with `--chunker-params fixed,4194304`', [
  '--chunker-params',
  'fixed,4194304',
])
