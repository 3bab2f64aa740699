import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { helpNotes, versionNote } from '../help.ts'
import { labelWords, versionWords } from '../words.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Set and remove labels of a version.')
    .argument('<version>', 'the version')
    .argument('<label...>', 'key=value sets, key alone sets an empty value, key- removes')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['label root:latest reason=before-upgrade', 'Say what a version is for.'],
          ['label 4f2a owner=anna reason-', 'Set one label and remove another.'],
          [`versions 'labels["owner"] == "anna"'`, 'Find versions by label.'],
        ],
        versionNote,
      ),
    )
    .action((version: string, edits: string[]) => run(cli, version, edits))
}

async function run(cli: Cli, spec: string, edits: string[]): Promise<void> {
  const version = await cli.withSession(session => session.label(spec, edits))
  const labels = labelWords(version.labels)
  cli.output.done(
    version,
    () => `Labels of version ${version.id} (${versionWords(version)}): ${labels === '' ? 'none' : labels}.\n`,
  )
}
