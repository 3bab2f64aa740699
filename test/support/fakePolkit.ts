import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A program in pkcheck's place that notes its arguments and answers as told. */
export interface FakePkcheck {
  path: string
  /** Its arguments, call by call. */
  calls(): Promise<string[][]>
}

/** `script` is what it does after noting its arguments, in the shell's words: 'exit 1'. */
export async function fakePkcheck(folder: string, script: string): Promise<FakePkcheck> {
  const path = join(folder, 'pkcheck')
  const log = join(folder, 'pkcheck.calls')
  await writeFile(path, `#!/bin/sh\nprintf '%s\\0' "$@" >>'${log}'; printf '\\n' >>'${log}'\n${script}\n`)
  await chmod(path, 0o755)
  return {
    path,
    calls: async () => {
      const text = await readFile(log, 'utf8').catch(() => '')
      const lines = text.split('\0\n').filter(line => line !== '')
      return lines.map(line => line.split('\0'))
    },
  }
}
