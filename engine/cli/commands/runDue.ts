import type { Command } from 'commander'
import { createLogger } from '../../base/logger.ts'
import type { Run } from '../../contract/jobs.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { helpNotes } from '../help.ts'
import { runDirOf } from '../helperClient.ts'
import { ownVersion } from '../ownVersion.ts'
import { printable } from '../textLayout.ts'
import { counted } from '../words.ts'

const notes = `
For computers without the service, from cron or by hand. What waits for a drive,
a time or mains power is left for the next call. Where the helper runs, there is
nothing to do: it runs what is due itself.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Run the jobs that are due, and end when they have ended.')
    .addHelpText('after', helpNotes([['run-due', 'Run what is due now.']], notes))
    .action(() => run(cli))
}

async function run(cli: Cli): Promise<void> {
  const { runDaemon } = await import('../../helper/daemon.ts')
  const { env, person } = cli.world
  const began = Date.now()
  let runs: Run[] = []
  await runDaemon({
    program: ownVersion(),
    stateDir: cli.stateDir,
    runDir: runDirOf(env, person, cli.stateDir),
    logger: createLogger({
      level: cli.globals.debug ? 'debug' : 'warn',
      write: line => cli.world.stderr.write(line),
    }),
    signal: cli.callOptions().signal,
    untilIdle: true,
    ending: helper => {
      runs = helper.runs.list({ limit: 200 }).filter(one => Date.parse(one.startedAt) >= began)
    },
  })
  const bad = runs.filter(one => one.state !== 'complete')
  if (bad.length > 0) cli.exitCode = exitCodes.inputOutput
  cli.output.result({ runs }, () => {
    if (runs.length === 0) return 'Nothing was due.\n'
    const lines = bad.map(one => `${printable(one.jobName)} is ${one.state}: ${one.error?.message ?? ''}\n`)
    return `Ran ${counted(runs.length, 'job')}.\n${lines.join('')}`
  })
}
