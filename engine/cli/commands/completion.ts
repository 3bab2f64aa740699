import type { Command } from 'commander'
import { HoldfastError } from '../../contract/errors.ts'
import type { Cli } from '../cli.ts'
import { completionScript, isShell, shells } from '../completion.ts'
import { helpNotes } from '../help.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Print a script that makes a shell complete commands and options.')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText(
      'after',
      helpNotes([
        ['completion bash > /etc/bash_completion.d/holdfast', 'For all users of bash.'],
        ['completion zsh > ~/.zfunc/_holdfast', 'For zsh, where ~/.zfunc is in $fpath.'],
        ['completion fish > ~/.config/fish/completions/holdfast.fish', 'For fish.'],
      ]),
    )
    .action((shell: string) => run(cli, shell))
}

async function run(cli: Cli, shell: string): Promise<void> {
  if (!isShell(shell)) {
    throw new HoldfastError('usage.invalid', `There is no completion for “${shell}”.`, {
      advice: `Choose one of ${shells.join(', ')}.`,
    })
  }
  const script = completionScript(shell, await cli.wholeProgram!())
  cli.output.result({ shell, script }, () => script)
}
