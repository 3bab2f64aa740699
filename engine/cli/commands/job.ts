import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { collect } from '../values.ts'
import type { SettingsOptions } from './job/settings.ts'

const notes = `
A job says what is backed up, where to, when, and what is kept. The helper runs
it; start that with "systemctl start holdfast", or with "holdfast daemon".

Schedules: "hourly", "daily at 20:00", "weekly on sun at 03:00", "monthly on 1
at 04:00", "cron 0 3 * * 1-5", "when the drive is connected", or several of them
with a semicolon between. Without one, a job runs only when it is told to.`

export function define(command: Command, cli: Cli): void {
  command.description('Make, list, change and run jobs.').addHelpText(
    'after',
    helpNotes(
      [
        ['job add -n Home -s /dev/vg0/home -t drive --schedule hourly', 'Make a job.'],
        ['job list', 'Show how all jobs fare.'],
        ['job run Home', 'Run one now.'],
        ['job run Home --dry-run', 'Say what a run would do.'],
        ['job pause Home', 'Let it rest until it is resumed.'],
      ],
      notes,
    ),
  )
  settingsOf(command.command('add').description('Make a job.').requiredOption('-n, --name <text>', 'its name')).action(
    async (options: SettingsOptions) => (await verbs()).add(cli, options),
  )
  settingsOf(
    command
      .command('edit')
      .description('Change settings of a job; what is not given stays.')
      .argument('<job>', 'name, id or beginning of the id')
      .option('-n, --name <text>', 'a new name'),
  ).action(async (job: string, options: SettingsOptions) => (await verbs()).edit(cli, job, options))
  command
    .command('list')
    .description('Show all jobs and how they fare.')
    .action(async () => (await verbs()).list(cli))
  one(command, 'show', 'Show everything about a job, with its last runs.', async job => (await verbs()).show(cli, job))
  command
    .command('run')
    .description('Run a job now, whatever its schedule says, and wait for the end.')
    .argument('<job>', 'name, id or beginning of the id')
    .option('--dry-run', 'say what a run would do now, and change nothing')
    .action(async (job: string, options: { dryRun?: boolean }) => {
      if (options.dryRun) await (await import('./job/preview.ts')).preview(cli, job)
      else await (await verbs()).run(cli, job)
    })
  one(command, 'rm', 'Forget a job. What it has stored stays.', async job => (await verbs()).remove(cli, job))
  command
    .command('pause')
    .description('Let a job rest.')
    .argument('<job>', 'name, id or beginning of the id')
    .option('--for <duration>', 'for so long, such as 12h or 3d; until it is resumed unless given')
    .action(async (job: string, options: { for?: string }) => (await verbs()).pause(cli, job, options.for))
  one(command, 'resume', 'End a pause.', async job => (await verbs()).resume(cli, job))
  command
    .command('export')
    .description('Write jobs to a file, without secrets.')
    .argument('[job...]', 'names or ids; all unless given')
    .option('-o, --output <file>', 'the file; standard output unless given')
    .action(async (jobs: string[], options: { output?: string }) =>
      (await verbs()).exportJobs(cli, jobs, options.output),
    )
  command
    .command('import')
    .description('Take jobs from such a file.')
    .argument('<file>', 'the file')
    .option('--replace', 'replace jobs that are there already')
    .option('--dry-run', 'say what would be done, and change nothing')
    .action(async (file: string, options: { replace?: boolean; dryRun?: boolean }) =>
      (await verbs()).importJobs(cli, file, options),
    )
  command
    .command('lock')
    .description('Let the helper use no kept passphrase until it is unlocked or starts anew.')
    .action(async () => (await verbs()).lock(cli))
  command
    .command('unlock')
    .description('Let it use them again.')
    .action(async () => (await verbs()).unlock(cli))
  command
    .command('destinations')
    .description('List the destinations, and whether they can be used now.')
    .action(async () => (await verbs()).destinations(cli))
  command
    .command('destination')
    .description(
      'Take a repository as a destination of jobs; --repo says which. Its passphrase is kept, and so is what --credentials-file holds.',
    )
    .requiredOption('-n, --name <text>', 'what it is called')
    .option('--mount', 'mount its drive when it is connected')
    .option('--eject', 'eject its drive after each backup')
    .action(async (options: { name: string; mount?: boolean; eject?: boolean }) =>
      (await verbs()).addDestination(cli, options),
    )
}

const verbs = () => import('./job/verbs.ts')

function one(command: Command, name: string, description: string, action: (job: string) => Promise<void>): void {
  command.command(name).description(description).argument('<job>', 'name, id or beginning of the id').action(action)
}

function settingsOf(command: Command): Command {
  return command
    .option('-s, --source <path[=name]>', 'what is backed up; may be given several times', collect)
    .option('-t, --to <destination>', 'name of a destination; may be given several times', collect)
    .option('--schedule <text>', 'when it runs; "none" only when it is told to')
    .option('--keep <policy>', 'which versions are kept, such as days7,weeks4,months12; "all" keeps all')
    .option('--label <key=value>', 'label of its versions; may be given several times', collect)
    .option(
      '--quiet-hours <from-to>',
      'no run begins in these hours, such as 22:00-07:00; may be given several times, "none" lifts all',
      collect,
    )
    .option('--on-battery <what>', '"wait" for mains power, or "run"')
    .option('--metered <what>', '"wait" for a connection that costs nothing, or "run"')
    .option('--priority <what>', '"low" gives way to everything else on this computer, or "normal"')
    .option(
      '--snapshots <what>',
      '"keep" the last one of a volume, so that the next run reads what changed; or "remove" it',
    )
    .option('--snapshot-size <size>', 'room for what is written while a snapshot lives; "auto" judges by the volume')
    .option('--while-in-use <what>', '"refuse" devices that are written to and have no snapshot, or "read" them')
    .option(
      '--hook <moment=name>',
      'an executable in the folder of hooks, such as before-snapshot=quiet-database; may be given several times',
      collect,
    )
}
