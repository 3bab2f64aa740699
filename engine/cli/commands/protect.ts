import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { helpNotes, versionNote } from '../help.ts'
import { versionWords } from '../words.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Guard versions: neither rm nor enforce removes them until they are unprotected.')
    .argument('<version...>', 'the versions')
    .addHelpText(
      'after',
      helpNotes([['protect root:latest', 'Keep the newest version named root for good.']], versionNote),
    )
    .action((versions: string[]) => setProtection(cli, versions, true))
}

/** Also for unprotect, which is the same the other way round. */
export async function setProtection(cli: Cli, specs: string[], isProtected: boolean): Promise<void> {
  const versions = await cli.withSession(session => session.protect(specs, isProtected))
  const done = isProtected ? 'is protected now' : 'is not protected any more'
  cli.output.done({ versions }, () =>
    versions.map(version => `Version ${version.id} (${versionWords(version)}) ${done}.\n`).join(''),
  )
}
