import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import type { MonitorCode } from '../exitCodes.ts'
import { helpNotes } from '../help.ts'
import { helperDirOf } from '../helperClient.ts'

const notes = `
Reads what the helper last wrote about itself, so a helper that hangs or has
died is noticed. Exit codes are those of Nagios and its kind: 0 all is well, 1
something should be looked at, 2 a backup is overdue or damaged, 3 nobody can
tell.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Say whether all jobs are well, for people and monitors.')
    .option('--prometheus <file>', 'also write the figures for a Prometheus node exporter')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['check', 'One line, and one more for each job.'],
          ['check --json', 'The same for programs.'],
        ],
        notes,
      ),
    )
    .action((options: { prometheus?: string }) => run(cli, options))
}

async function run(cli: Cli, options: { prometheus?: string }): Promise<void> {
  const [{ checkHealth }, { nagiosText }, { readHealthFile }, { healthFileOf }] = await Promise.all([
    import('../../notices/checkHealth.ts'),
    import('../../notices/nagios.ts'),
    import('../../helper/healthFile.ts'),
    import('../../helper/socket.ts'),
  ])
  const { env, person } = cli.world
  const state = await readHealthFile(healthFileOf(await helperDirOf(env, person, cli.stateDir)))
  const result = checkHealth(state, Date.now())
  if (options.prometheus !== undefined) {
    const { prometheusText } = await import('../../notices/prometheus.ts')
    const { writePrometheusFile } = await import('../../notices/prometheusFile.ts')
    await writePrometheusFile(options.prometheus, prometheusText(state))
  }
  const { text, exitCode } = nagiosText(result)
  cli.exitCode = exitCode as MonitorCode
  cli.output.result(result, () => text)
}
