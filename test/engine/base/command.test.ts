import { getEventListeners } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../../engine/base/command.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const failureCode = 'storage.failed'
const sh = (script: string, options = {}, ...args: string[]) =>
  runCommand('sh', ['-c', script, 'sh', ...args], { failureCode, ...options })

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('running a command', () => {
  it('gives what it printed, as bytes, and its exit code', async () => {
    const result = await sh('printf "\\377\\000a"; echo careful >&2')
    expect(result).toEqual({ exitCode: 0, stdout: Buffer.from([255, 0, 97]), stderr: 'careful\n' })
  })

  it('hands its output on as it comes, however much', async () => {
    let bytes = 0
    const onOutput = (chunk: Buffer) => {
      bytes += chunk.length
    }
    const result = await sh('head -c 300000 /dev/zero; echo careful >&2', { onOutput, maxOutputBytes: 1000 })
    expect([bytes, result.stdout.length, result.stderr]).toEqual([300_000, 0, 'careful\n'])
  })

  it('ends when what takes its output fails, with that failure', async () => {
    const error = new SyntaxError('that is no number')
    let calls = 0
    const onOutput = () => {
      calls++
      throw error
    }
    await expect(sh('exec cat /dev/zero', { onOutput })).rejects.toBe(error)
    expect(calls).toBe(1)
  })

  it('hands arguments over as they are, without a shell', async () => {
    const args = ['$HOME', '`id`', 'two words', '', '*', "it's"]
    const { stdout } = await runCommand('printf', ['%s|', ...args], { failureCode })
    expect(stdout.toString()).toBe(`${args.join('|')}|`)
  })

  it('shows it a clean environment in the C locale', async () => {
    process.env.HOLDFAST_PASSPHRASE = 'very secret'
    try {
      const { stdout } = await runCommand('env', [], { failureCode, env: { EXTRA: 'yes' } })
      const names = stdout.toString().trim().split('\n')
      expect(names.filter(line => !line.startsWith('PATH=')).sort()).toEqual(['EXTRA=yes', 'LC_ALL=C'])
    } finally {
      delete process.env.HOLDFAST_PASSPHRASE
    }
  })

  it('finds the tools of administrators whatever the PATH', async () => {
    const path = process.env.PATH
    process.env.PATH = '/nowhere:relative'
    try {
      const { stdout } = await sh('echo $PATH')
      expect(stdout.toString().trim().split(':')).toEqual(expect.arrayContaining(['/nowhere', '/usr/sbin', '/sbin']))
      expect(stdout.toString()).not.toContain('relative')
    } finally {
      process.env.PATH = path
    }
  })

  it('gives it its input, and an empty one when there is none', async () => {
    expect((await runCommand('cat', [], { failureCode, input: 'hello' })).stdout.toString()).toBe('hello')
    expect((await runCommand('cat', [], { failureCode })).stdout).toHaveLength(0)
  })

  it('does not mind that it leaves its input unread', async () => {
    expect((await sh('exec true', { input: Buffer.alloc(4 * 1024 * 1024) })).exitCode).toBe(0)
  })

  it('fails with the code it was given when the exit code is not expected', async () => {
    await expect(sh('echo broken disk >&2; exit 3')).rejects.toMatchObject({
      code: failureCode,
      message: 'sh failed with exit code 3: broken disk.',
      details: { program: 'sh', exitCode: 3, stderr: 'broken disk' },
    })
    await expect(sh('exit 3', { expectedExitCodes: [0, 3] })).resolves.toMatchObject({ exitCode: 3 })
    await expect(sh('exit 0', { expectedExitCodes: [3] })).rejects.toMatchObject({ details: { exitCode: 0 } })
  })

  it('fails when a signal ended it', async () => {
    await expect(sh('kill -KILL $$')).rejects.toMatchObject({ code: failureCode, message: 'sh was ended by SIGKILL.' })
  })

  it('names a program that is missing or may not be run, and says what to do', async () => {
    await expect(runCommand('holdfast-no-such-program', [], { failureCode })).rejects.toMatchObject({
      code: 'config.invalid',
      message: 'The program holdfast-no-such-program is not installed.',
      advice: 'Install the package that contains holdfast-no-such-program.',
    })
    const path = join(folder.path, 'program')
    await writeFile(path, '#!/bin/sh\n')
    await chmod(path, 0o644)
    await expect(runCommand(path, [], { failureCode })).rejects.toMatchObject({
      code: 'config.invalid',
      message: `The program ${path} cannot be run: EACCES.`,
    })
  })

  it.each(['stdout', 'stderr'])('ends it when it prints too much to %s', async stream => {
    const script = stream === 'stdout' ? 'exec yes' : 'exec yes >&2'
    await expect(sh(script, { maxOutputBytes: 1000 })).rejects.toMatchObject({
      code: failureCode,
      message: 'sh printed more than 1000 bytes.',
    })
  })

  it('takes output that is as large as it may be', async () => {
    expect((await sh('head -c 1000 /dev/zero', { maxOutputBytes: 1000 })).stdout).toHaveLength(1000)
  })

  it('hands output on piece by piece and keeps none of it, when asked to', async () => {
    let bytes = 0
    const onStdout = (piece: Buffer) => {
      bytes += piece.length
    }
    const result = await sh('head -c 3000000 /dev/zero; echo done >&2', { onStdout })
    expect(result).toEqual({ exitCode: 0, stdout: Buffer.alloc(0), stderr: 'done\n' })
    expect(bytes).toBe(3_000_000)
    await expect(sh('head -c 3000 /dev/zero', { onStdout, maxOutputBytes: 2000 })).rejects.toMatchObject({
      code: failureCode,
    })
  })

  it('ends it with what whoever takes its output throws', async () => {
    const fault = new Error('not understood')
    let calls = 0
    const onStdout = () => {
      calls++
      throw fault
    }
    await expect(sh('yes', { onStdout })).rejects.toBe(fault)
    expect(calls).toBe(1)
  })

  it('ends it when it takes too long', async () => {
    await expect(sh('exec sleep 1000', { timeoutMs: 30 })).rejects.toMatchObject({
      code: failureCode,
      message: 'sh did not end within 30 ms.',
    })
  })

  it('does not wait for programs that it started when it ends it', async () => {
    const pidFile = join(folder.path, 'pid')
    const run = sh('sleep 1000 & echo $! > "$1"; exec yes', { maxOutputBytes: 1000 }, pidFile)
    await expect(run).rejects.toMatchObject({ code: failureCode })
    const pid = Number(await readFile(pidFile, 'utf8'))
    expect(isAlive(pid)).toBe(true)
    process.kill(pid)
  })

  it('ends it when it is cancelled, and does not start it when it was before', async () => {
    const pidFile = join(folder.path, 'pid')
    const controller = new AbortController()
    const run = sh('echo $$ > "$1"; exec sleep 1000', { signal: controller.signal }, pidFile)
    const outcome = expect(run).rejects.toMatchObject({ code: 'run.cancelled' })
    let text = ''
    while (!text.endsWith('\n')) {
      await delay(5)
      text = await readFile(pidFile, 'utf8').catch(() => '')
    }
    controller.abort()
    await outcome
    expect(isAlive(Number(text))).toBe(false)

    const mark = join(folder.path, 'mark')
    await expect(sh('touch "$1"', { signal: AbortSignal.abort() }, mark)).rejects.toMatchObject({
      code: 'run.cancelled',
    })
    await expect(readFile(mark)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('leaves no listener on the signal', async () => {
    const controller = new AbortController()
    await sh('true', { signal: controller.signal })
    await sh('false', { signal: controller.signal }).catch(() => undefined)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })
})
