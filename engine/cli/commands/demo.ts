import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { formatDuration } from '../../base/bytes.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { DemoStep } from '../../demo/demo.ts'
import type { Cli } from '../cli.ts'
import { demoText } from '../demoText.ts'
import { helpNotes } from '../help.ts'
import { parseSize } from '../values.ts'

interface Options {
  size: string
  keep?: boolean
}

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Make a small real disk, back it up twice with a day of use in between, restore both versions and compare them byte for byte.',
    )
    .option('--size <size>', 'size of the disk, from 32M', '96M')
    .option('--keep', 'leave all files there afterwards')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['demo', 'Takes less than a minute, and 500 MiB in the temporary folder.'],
          ['demo --size 1G --keep', 'With a larger disk, and leave everything to be looked at.'],
        ],
        'It needs no repository and no rights, and touches nothing but its own folder.',
      ),
    )
    .action((options: Options) => run(cli, options))
}

async function run(cli: Cli, options: Options): Promise<void> {
  const sizeBytes = parseSize(options.size, '--size')
  const { runDemo } = await import('../../demo/demo.ts')
  const { output, world } = cli
  const folder = await makeFolder(tmpdir())
  const began = performance.now()
  const steps: (DemoStep & { durationMs: number })[] = []
  const removed = options.keep ? 'stays there' : 'is removed at the end'
  try {
    output.say(`The main job on real data. Everything is in ${folder} and ${removed}.\n`)
    await runDemo({
      ...cli.callOptions(),
      folder,
      sizeBytes,
      createEngine: stateDir => world.createEngine(stateDir),
      onStep(step, durationMs) {
        steps.push({ ...step, durationMs })
        output.say(demoText(step, steps.length, durationMs))
      },
    })
  } finally {
    if (!options.keep) await rm(folder, { recursive: true, force: true })
  }
  const durationMs = Math.round(performance.now() - began)
  const result = { identical: true, durationMs, folder: options.keep ? folder : null, steps }
  output.done(result, () => {
    const where = options.keep ? ` The files are in ${folder}.` : ''
    return `\nBoth versions came back byte for byte identical. It took ${formatDuration(durationMs)}.${where}\n`
  })
}

async function makeFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, 'holdfast-demo-'))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new HoldfastError('config.invalid', `The temporary folder ${parent} cannot be used: ${code ?? cause}.`, {
      advice: 'Name another one with TMPDIR.',
      details: { path: parent, errno: code },
      cause,
    })
  }
}
