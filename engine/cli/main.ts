import { homedir } from 'node:os'
import type { Cli } from './cli.ts'

/**
 * The entry of the command line. It checks the runtime before it loads anything that needs it, connects the program to
 * the process, and ends with the program's exit code.
 */

const lowestRuntime = 24

if (Number.parseInt(process.versions.node, 10) < lowestRuntime) {
  process.stderr.write(
    `holdfast: Node ${process.versions.node} is too old.\n  Run it with bin/holdfast, which brings its own, or with Node ${lowestRuntime} or newer.\n`,
  )
  process.exit(78)
}

// A reader that has gone (`holdfast versions | head -1`) and a terminal that was closed are no reason to stop working.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

const [{ runCommandLine }, { Interruption }] = await Promise.all([import('./program.ts'), import('./interruption.ts')])
