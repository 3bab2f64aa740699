import { basename, dirname, join } from 'node:path'
import { versionLine } from '../programs.ts'
import { type Invocation, type Places, passphrase, type Tool } from '../tool.ts'

function invocation(places: Places, args: string[]): Invocation {
  return {
    argv: ['restic', '--quiet', ...args],
    cwd: dirname(places.image),
    env: {
      RESTIC_REPOSITORY: places.repository,
      RESTIC_PASSWORD: passphrase,
      RESTIC_CACHE_DIR: join(places.home, 'cache'),
    },
  }
}

/** restic with its defaults on repository format 2: compression auto, content-defined chunks, AES-CTR with Poly1305. */
export const restic: Tool = {
  name: 'restic',
  settings: 'repository v2, compression auto, `--force` so that an unchanged file is read again',
  version: () => versionLine('restic', ['version']),
  init: places => invocation(places, ['init', '--repository-version', '2']),
  backup: (places, label) => invocation(places, ['backup', '--force', '--tag', label, basename(places.image)]),
  restore: (places, label, folder) => ({
    ...invocation(places, ['restore', 'latest', '--tag', label, '--target', folder]),
    restored: join(folder, basename(places.image)),
  }),
  scrub: places => invocation(places, ['check', '--read-data']),
}
