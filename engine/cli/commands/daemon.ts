import type { Command } from 'commander'
import { createLogger } from '../../base/logger.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { runDirOf } from '../helperClient.ts'
import { ownVersion } from '../ownVersion.ts'

const notes = `
It runs the jobs of this computer by their schedules until it is told to end
(SIGTERM): then it stops where the next start goes on. As root it serves every
user, each with the rights that polkit grants; otherwise its own user alone, and
keeps passphrases in memory only. The system's service starts it by itself.

With --stdio it serves, on standard input and output, only the program that has
started it, which may do everything, and ends when that program goes. One helper
at a time, of either kind, can run with the same folders.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Run jobs by their schedules, in the foreground.')
    .option('--log-json', 'write the log as one JSON object per line')
    .option('--stdio', 'serve one client on standard input and output')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['daemon', 'Run jobs until it is stopped.'],
          ['daemon --stdio', 'Serve the program that starts it, for example through pkexec.'],
        ],
        notes,
      ),
    )
    .action((options: Options) => run(cli, options))
}

interface Options {
  logJson?: boolean
  stdio?: boolean
}

async function run(cli: Cli, options: Options): Promise<void> {
  if (options.stdio && cli.globals.json) {
    throw new HoldfastError('usage.invalid', 'Both --stdio and --json are given.', {
      advice: 'Leave --json out: standard output belongs to the client.',
    })
  }
  const { runDaemon } = await import('../../helper/daemon.ts')
  const { env, person } = cli.world
  const logger = createLogger({
    format: options.logJson ? 'json' : 'text',
    level: cli.globals.debug ? 'debug' : 'info',
    write: line => cli.world.stderr.write(line),
  })
  await runDaemon({
    program: ownVersion(),
    stateDir: cli.stateDir,
    runDir: runDirOf(env, person, cli.stateDir),
    logger,
    signal: cli.callOptions().signal,
    ...(env.HOLDFAST_HOOKS_DIR && person.uid !== undefined
      ? { hooks: { path: env.HOLDFAST_HOOKS_DIR, ownerUid: person.uid } }
      : {}),
    ...(options.stdio ? { stdio: { input: cli.world.stdin, output: cli.world.stdout } } : {}),
    ready: place => cli.output.tell(`Ready at ${place}.\n`),
  })
}
