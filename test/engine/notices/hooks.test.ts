import { chmod, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { isHoldfastError } from '../../../engine/contract/errors.ts'
import { hookMoments } from '../../../engine/contract/jobs.ts'
import { keptOutputBytes, Tail } from '../../../engine/notices/hookProcess.ts'
import {
  type HookFacts,
  type HookOptions,
  type HookResult,
  mayStop,
  runHook,
  runHooks,
} from '../../../engine/notices/hooks.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const temporary = useTemporaryFolder()
let folder = ''
let options: HookOptions = {}

beforeEach(async () => {
  const base = await realpath(temporary.path)
  folder = join(base, 'hooks.d')
  await mkdir(folder, { mode: 0o755 })
  options = { folder: { path: folder, ownerUid: process.getuid!() }, timeoutMs: 20_000, graceMs: 1000 }
})

const hook = async (name: string, script: string, mode = 0o755) => {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`)
  await chmod(join(folder, name), mode)
  return name
}
const facts: HookFacts = { job: 'Home', jobId: 'job-1', run: 'run-1', version: '0123456789abcdef', result: 'success' }
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return true
}
/** A killed process stays in the table until its parent, here init, looks after it. */
const isGone = async (pid: number) =>
  !isAlive(pid) || (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')).includes(') Z')
const patient = { timeout: 10_000 }
const pidIn = async (name: string) => Number(await readFile(join(temporary.path, name), 'utf8'))

describe('a hook', () => {
  it('that succeeds says so, with what it printed', async () => {
    await hook('good', 'echo out; echo err >&2')
    expect(await runHook('good', 'after-backup', facts, options)).toEqual({
      hook: 'good',
      moment: 'after-backup',
      outcome: 'succeeded',
      exitCode: 0,
      timedOut: false,
      output: expect.stringMatching(/^(out\nerr|err\nout)\n$/),
      outputCut: false,
      durationMs: expect.any(Number),
    })
  })

  it('sees a clean environment and nothing of ours', async () => {
    process.env.HOLDFAST_PASSPHRASE = 'very secret'
    try {
      await hook('show', 'env | grep -vE "^(PWD|SHLVL|OLDPWD|_)="; pwd; echo "arguments: $#"')
      const { output } = await runHook('show', 'before-backup', { ...facts, job: 'Ho\nme $(id)\0' }, options)
      expect(output.trim().split('\n').sort()).toEqual(
        [
          'HOLDFAST_EVENT=before-backup',
          'HOLDFAST_HOOK=show',
          'HOLDFAST_JOB=Ho me $(id)?',
          'HOLDFAST_JOB_ID=job-1',
          'HOLDFAST_RESULT=success',
          'HOLDFAST_RUN=run-1',
          'HOLDFAST_VERSION=0123456789abcdef',
          'LC_ALL=C',
          'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          '/',
          'arguments: 0',
        ].sort(),
      )
    } finally {
      delete process.env.HOLDFAST_PASSPHRASE
    }
  })

  it('is told the facts as JSON on its standard input, and need not read them', async () => {
    await hook('read', 'cat')
    await hook('ignore', 'exit 0')
    const told = { ...facts, details: { padding: 'x'.repeat(300_000), sources: ['/dev/vg/home'] } }
    const { output } = await runHook(
      'read',
      'after-backup',
      { ...facts, details: { sources: ['/dev/vg/home'] } },
      options,
    )
    expect(JSON.parse(output)).toEqual({
      event: 'after-backup',
      hook: 'read',
      ...facts,
      details: { sources: ['/dev/vg/home'] },
    })
    expect(await runHook('ignore', 'after-backup', told, options)).toMatchObject({ outcome: 'succeeded' })
  })

  it('that fails gives its exit code', async () => {
    await hook('bad', 'echo why; exit 3')
    expect(await runHook('bad', 'after-backup', facts, options)).toMatchObject({
      outcome: 'failed',
      exitCode: 3,
      output: 'why\n',
      problem: 'exit code 3',
    })
  })

  it('that is ended by a signal gives the signal', async () => {
    await hook('dies', 'kill -9 $$')
    expect(await runHook('dies', 'after-backup', facts, options)).toMatchObject({
      outcome: 'failed',
      exitCode: null,
      problem: 'it was ended by SIGKILL',
    })
  })

  it('that hangs is stopped with everything it started', async () => {
    await hook('hangs', `sleep 1000 & echo $! > ${temporary.path}/child; echo began; wait`)
    const result = await runHook('hangs', 'after-backup', facts, { ...options, timeoutMs: 2000 })
    expect(result).toMatchObject({
      outcome: 'timed-out',
      timedOut: true,
      exitCode: null,
      output: expect.stringContaining('began'),
    })
    expect(result.problem).toBe('it did not end within 2 s and was stopped')
    await expect.poll(async () => isGone(await pidIn('child')), patient).toBe(true)
  })

  it('that does not listen is killed', async () => {
    await hook('deaf', `trap "" TERM; echo $$ > ${temporary.path}/self; while :; do sleep 0.05; done`)
    const result = await runHook('deaf', 'after-backup', facts, { ...options, timeoutMs: 2000, graceMs: 100 })
    expect(result).toMatchObject({ outcome: 'timed-out', timedOut: true })
    await expect.poll(async () => isGone(await pidIn('self')), patient).toBe(true)
  })

  it('that ends leaves no process of its group behind', async () => {
    await hook('parent', `(trap "" TERM; while :; do sleep 0.05; done) & echo $! > ${temporary.path}/child; echo done`)
    const result = await runHook('parent', 'after-backup', facts, { ...options, graceMs: 100 })
    expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0, output: 'done\n' })
    await expect.poll(async () => isGone(await pidIn('child')), patient).toBe(true)
  })

  it('is not waited for when a process that left its group holds the output open', async () => {
    await hook(
      'daemon',
      `setsid sh -c 'echo $$ > ${temporary.path}/child; exec sleep 1000' & 
      while [ ! -s ${temporary.path}/child ]; do sleep 0.02; done; echo started`,
    )
    const result = await runHook('daemon', 'after-backup', facts, options)
    const pid = await pidIn('child')
    expect(isAlive(pid)).toBe(true)
    process.kill(pid, 'SIGKILL')
    expect(result).toMatchObject({ outcome: 'succeeded', output: 'started\n' })
  })

  it('that prints without end is kept short, at its end', async () => {
    await hook('flood', 'yes 0123456789 | head -c 20000000; echo the end')
    const result = await runHook('flood', 'after-backup', facts, options)
    expect(result).toMatchObject({ outcome: 'succeeded', outputCut: true })
    expect(result.output.length).toBe(keptOutputBytes)
    expect(result.output.endsWith('the end\n')).toBe(true)
  })

  it('is stopped when the run is cancelled', async () => {
    const cancel = new AbortController()
    await hook('long', `touch ${temporary.path}/began; sleep 1000`)
    const running = runHook('long', 'after-backup', facts, { ...options, signal: cancel.signal })
    await expect.poll(() => readFile(join(temporary.path, 'began'), 'utf8').catch(() => 'not yet'), patient).toBe('')
    cancel.abort()
    expect(await running).toMatchObject({ outcome: 'cancelled', timedOut: false, exitCode: null })
  })

  it('is not run at all when its file is not safe', async () => {
    await hook('shared', `touch ${temporary.path}/ran`, 0o775)
    expect(await runHook('shared', 'after-backup', facts, options)).toMatchObject({
      outcome: 'refused',
      problem: expect.stringMatching(/can be changed by others/),
    })
    await expect(readFile(join(temporary.path, 'ran'))).rejects.toThrow('ENOENT')
  })

  it('that cannot be started is refused with the reason', async () => {
    await writeFile(join(folder, 'broken'), '#!/nowhere/interpreter\n', { mode: 0o755 })
    expect(await runHook('broken', 'after-backup', facts, options)).toMatchObject({
      outcome: 'refused',
      problem: expect.stringMatching(/cannot be started: .*ENOENT/),
    })
  })
})

describe('the hooks of a moment', () => {
  const log = () => readFile(join(temporary.path, 'log'), 'utf8')
  const note = (exitCode: number) => `echo "$HOLDFAST_HOOK $HOLDFAST_EVENT" >> ${temporary.path}/log; exit ${exitCode}`

  it('run one after the other, in the order given', async () => {
    for (const name of ['a', 'b', 'c']) await hook(name, note(0))
    const results = await runHooks(['c', 'a', 'b'], 'before-snapshot', facts, options)
    expect(results.map(result => result.outcome)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(await log()).toBe('c before-snapshot\na before-snapshot\nb before-snapshot\n')
  })

  it('before something stop it with the first that fails, and the rest do not run', async () => {
    await hook('a', note(0))
    await hook('b', `echo why; ${note(1)}`)
    await hook('c', note(0))
    const results: HookResult[] = []
    const onResult = (result: HookResult) => void results.push(result)
    const error = await runHooks(['a', 'b', 'c'], 'before-backup', facts, { ...options, onResult }).catch(
      caught => caught,
    )
    expect(isHoldfastError(error, 'hook.failed')).toBe(true)
    expect(error.message).toBe('The hook “b” stopped the backup: exit code 1.')
    expect(error.details).toEqual({ hook: 'b', moment: 'before-backup', exitCode: 1, timedOut: false })
    expect(results).toMatchObject([
      { hook: 'a', outcome: 'succeeded' },
      { hook: 'b', output: 'why\n' },
    ])
    expect(await log()).toBe('a before-backup\nb before-backup\n')
  })

  it('before something stop it also when one may not be run', async () => {
    const error = await runHooks(['missing'], 'before-restore', facts, options).catch(caught => caught)
    expect(isHoldfastError(error, 'hook.failed')).toBe(true)
    expect(error.message).toMatch(/^The hook “missing” stopped the restore: .*missing does not exist\.$/)
    expect(error.advice).toMatch(/belong to root/)
  })

  it.each(hookMoments.filter(moment => !mayStop(moment)))(
    '%s all run, and failures are in the results',
    async moment => {
      await hook('a', note(1))
      await hook('b', note(0))
      const results = await runHooks(['a', 'missing', 'b'], moment, facts, options)
      expect(results.map(result => result.outcome)).toEqual(['failed', 'refused', 'succeeded'])
    },
  )

  it('before something end with run.cancelled when the run is cancelled, and none begins then', async () => {
    await hook('a', note(0))
    const signal = AbortSignal.abort()
    const error = await runHooks(['a'], 'before-backup', facts, { ...options, signal }).catch(caught => caught)
    expect(isHoldfastError(error, 'run.cancelled')).toBe(true)
    await expect(log()).rejects.toThrow('ENOENT')
  })

  it('after something run although the run was cancelled, to undo what was done before', async () => {
    await hook('thaw', note(0))
    const results = await runHooks(['thaw'], 'after-backup', facts, { ...options, signal: AbortSignal.abort() })
    expect(results).toMatchObject([{ outcome: 'succeeded' }])
    expect(await log()).toBe('thaw after-backup\n')
  })
})

describe('the end of a long output', () => {
  it.each([1, 7, 10, 11, 1000])('is the same in pieces of %d bytes', size => {
    const all = Buffer.from(Array.from({ length: 997 }, (_, index) => String.fromCharCode(97 + (index % 26))).join(''))
    const tail = new Tail(10)
    for (let at = 0; at < all.length; at += size) tail.add(all.subarray(at, at + size))
    expect(tail.text()).toBe(all.subarray(-10).toString())
    expect(tail.total).toBe(997)
  })
})
