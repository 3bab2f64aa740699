import { describe, expect, test } from 'vitest'
import { Output, type OutputOptions } from '../../../engine/cli/output.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { memoryStream } from '../../support/cliWorld.ts'

function outputOf(options: Partial<OutputOptions> & { terminal?: boolean } = {}) {
  const columns = options.terminal ? { columns: 80 } : undefined
  const [stdout, stderr] = [memoryStream(columns), memoryStream(columns)]
  const flags = { json: false, quiet: false, debug: false, color: true, env: {} }
  const output = new Output({ stdout, stderr, ...flags, ...options })
  return { output, stdout: stdout.text, stderr: stderr.text }
}

const broken = new HoldfastError('target.exists', 'It exists.', { advice: 'Look.', details: { path: '/x' } })

describe('Output', () => {
  test('prints text for people, and one line of JSON for programs', () => {
    const people = outputOf()
    people.output.result({ a: 1 }, () => 'one\n')
    expect(people.stdout()).toBe('one\n')
    const programs = outputOf({ json: true })
    programs.output.result({ a: [1, 2] }, () => 'one\n')
    expect(programs.stdout()).toBe('{"a":[1,2]}\n')
  })

  test('reports errors as JSON on standard output, and as text on standard error otherwise', () => {
    const programs = outputOf({ json: true })
    expect(programs.output.fail(broken)).toBe(73)
    expect(JSON.parse(programs.stdout())).toEqual({ error: broken.toWire() })
    expect(programs.stderr()).toBe('')
    const people = outputOf()
    expect(people.output.fail(broken)).toBe(73)
    expect([people.stdout(), people.stderr()]).toEqual(['', 'holdfast: It exists.\n  Look.\n'])
  })

  test('is silent with quiet, but for what was asked for and for failures', () => {
    const { output, stdout, stderr } = outputOf({ quiet: true, terminal: true })
    output.say('step\n')
    output.done({}, () => 'done\n')
    output.progress.report({ phase: 'reading', doneBytes: 1 })
    expect([stdout(), stderr()]).toEqual(['', ''])
    output.result({}, () => 'list\n')
    output.fail(broken)
    expect(stdout()).toBe('list\n')
    expect(stderr()).toContain('It exists.')
  })

  test('shows progress on a terminal only, and wipes it away before anything else', () => {
    const pipe = outputOf()
    pipe.output.progress.report({ phase: 'reading', doneBytes: 1 })
    expect(pipe.stderr()).toBe('')
    const terminal = outputOf({ terminal: true })
    terminal.output.progress.report({ phase: 'reading', doneBytes: 1 })
    terminal.output.result({}, () => 'done\n')
    expect(terminal.stderr()).toBe('\rReading  1 B\x1b[K\r\x1b[K')
  })

  test.each([
    ['on a terminal', { terminal: true }, true],
    ['in a pipe', { terminal: false }, false],
    ['with --no-color', { terminal: true, color: false }, false],
    ['with NO_COLOR', { terminal: true, env: { NO_COLOR: '1' } }, false],
    ['with an empty NO_COLOR, which does not count', { terminal: true, env: { NO_COLOR: '' } }, true],
    ['on a dumb terminal', { terminal: true, env: { TERM: 'dumb' } }, false],
  ])('colours errors %s: %o', (_when, options, colours) => {
    const { output, stderr } = outputOf(options)
    output.fail(broken)
    expect(stderr().includes('\x1b[31mholdfast:\x1b[0m')).toBe(colours)
  })

  test('says nothing but JSON to programs: neither notes nor steps', () => {
    const { output, stdout, stderr } = outputOf({ json: true })
    output.say('step\n')
    output.warn('Careful.')
    expect([stdout(), stderr()]).toEqual(['', ''])
  })

  test('does not fail when the reader has gone away', () => {
    const stdout = memoryStream()
    stdout.destroy()
    const output = new Output({
      stdout,
      stderr: stdout,
      env: {},
      json: false,
      quiet: false,
      debug: false,
      color: false,
    })
    output.result({}, () => 'text\n')
    expect(output.fail(broken)).toBe(73)
    expect(stdout.text()).toBe('')
  })
})
