import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { printable } from '../textLayout.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Take away what "holdfast mount" shows at a folder.')
    .argument('<folder>', 'the folder that was given to mount')
    .addHelpText(
      'after',
      helpNotes(
        [['unmount /mnt', 'End the mount there, whichever process keeps it.']],
        'While a program uses the files, nothing is taken away and the exit code is 75.',
      ),
    )
    .action(async (folder: string) => {
      // Only now: help and completion must not wait for them.
      const [{ unmountFolder }, { cliLogger }] = await Promise.all([
        import('../../files/mountPoint.ts'),
        import('../versionFiles.ts'),
      ])
      const { title, mountPoint } = await unmountFolder(cli.stateDir, folder, { logger: cliLogger(cli) })
      cli.output.done({ title, mountPoint }, () => `${printable(title)} is no longer at ${printable(mountPoint)}.\n`)
    })
}
