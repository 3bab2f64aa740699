import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { helpNotes } from '../help.ts'
import { printable } from '../textLayout.ts'

const notes = `
Every line begins with ok, warning or problem; a warning names something that is
not needed for everything. Exit code 78 when there is a problem.`

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Check that everything Holdfast needs on this computer is there and works, and the repository if one is named.',
    )
    .addHelpText(
      'after',
      helpNotes(
        [
          ['doctor', 'Check this computer.'],
          ['doctor --repo /media/drive/backup', 'Check the repository as well.'],
        ],
        notes,
      ),
    )
    .action(() => run(cli))
}

async function run(cli: Cli): Promise<void> {
  const { examine } = await import('../doctorChecks.ts')
  const findings = await examine(cli)
  const problems = findings.filter(({ status }) => status === 'problem').length
  if (problems > 0) cli.exitCode = exitCodes.configuration
  cli.output.result({ ok: problems === 0, checks: findings }, () => {
    const paint = { ok: 'green', warning: 'yellow', problem: 'red' } as const
    const lines = findings.map(({ status, message, advice }) => {
      const word = cli.output.onStdout(paint[status], status.padEnd(7))
      return `${word}  ${printable(message)}\n${advice === undefined ? '' : `         ${printable(advice)}\n`}`
    })
    const end = problems === 0 ? 'Holdfast is ready.' : 'Holdfast cannot work properly here yet.'
    return `${lines.join('')}${end}\n`
  })
}
