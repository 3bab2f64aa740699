import { homedir } from 'node:os'

/**
 * The entry of the command line. It checks the runtime before it loads anything that needs it, connects the program to
 * the process, and ends with the program's exit code.
 */

const lowestRuntime = 24

if (Number.parseInt(process.versions.node, 10) < lowestRuntime) {
  process.stderr.write(`holdfast: Node ${process.versions.node} is too old.\n`)
  process.stderr.write(`  Run it with bin/holdfast, which brings its own, or with Node ${lowestRuntime} or newer.\n`)
  process.exit(78)
}

// A reader that has gone (`holdfast versions | head -1`) or a terminal that was closed is no reason to stop working.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

const { runCommandLine } = await import('./program.ts')
const { Interruption } = await import('./interruption.ts')
const { exitCodes } = await import('./exitCodes.ts')

const interruption = new Interruption()
// A terminal that hangs up concerns only who uses it. nohup(1) counts on that, but Node forgets what it ignored.
const usesTerminal = process.stdout.isTTY || process.stderr.isTTY
process.on('SIGHUP', () => {
  if (usesTerminal && interruption.interrupt() === 'exit') process.exit(exitCodes.cancelled)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interruption.interrupt() === 'exit') process.exit(exitCodes.cancelled)
  })
}

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  // Only touched by those who ask something.
  get stdin() {
    return process.stdin
  },
  stdout: process.stdout,
  stderr: process.stderr,
  person: { uid: process.getuid?.(), home: homedir() },
  interruption,
  async createEngine(stateDir) {
    const { createEngine } = await import('../engine.ts')
    return createEngine({ stateDir })
  },
})
// What was abandoned would otherwise go on until it is done.
if (interruption.isAbandoned) process.exit()
