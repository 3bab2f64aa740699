import { closeSync, createReadStream, openSync, writeFileSync, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { Interruption } from '../../engine/cli/interruption.ts'
import { runCommandLine } from '../../engine/cli/program.ts'
import { createEngine } from '../../engine/engine.ts'
import { memoryStream } from './cliWorld.ts'

/**
 * The command line in one process for many calls, one after the other, for scripts in the virtual computer: there the program takes
 * longer to start than for most of what it is asked (test/vm/machine/resident.sh). Each call has an engine of its own.
 *   residentCommandLine.ts ASK ANSWER
 * Reads a line a call from the named pipe ASK: where its output goes, where its errors go, and its words, with the unit separator
 * between them. Once it is done, its exit code is a line in the named pipe ANSWER. Ends when nobody can ask any more.
 */
const [ask, answer] = process.argv.slice(2) as [string, string]
// Each waits for the other side; in the same order there.
const asked = createReadStream('', { fd: openSync(ask, 'r'), encoding: 'utf8' })
const answers = openSync(answer, 'w')
for await (const line of createInterface({ input: asked })) {
  const [outputPath, errorsPath, ...words] = line.split('\x1f')
  const [stdout, stderr] = [memoryStream(), memoryStream()]
  const code = await runCommandLine(words, {
    env: process.env,
    stdin: Object.assign(new PassThrough(), { isTTY: false }),
    stdout,
    stderr,
    person: { uid: process.getuid?.(), home: homedir() },
    interruption: new Interruption(),
    createEngine: async stateDir => createEngine({ stateDir }),
  })
  writeFileSync(outputPath!, stdout.text())
  writeFileSync(errorsPath!, stderr.text())
  writeSync(answers, `${code}\n`)
}
closeSync(answers)
process.exit()
