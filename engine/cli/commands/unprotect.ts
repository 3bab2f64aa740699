import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { helpNotes, versionNote } from '../help.ts'
import { setProtection } from './protect.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Let protected versions be removed again. This removes nothing by itself.')
    .argument('<version...>', 'the versions')
    .addHelpText('after', helpNotes([['unprotect 4f2a', 'Lift the protection of one version.']], versionNote))
    .action((versions: string[]) => setProtection(cli, versions, false))
}
