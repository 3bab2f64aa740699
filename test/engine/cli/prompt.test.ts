import { describe, expect, test } from 'vitest'
import { askLine, typeInto } from '../../../engine/cli/prompt.ts'
import { keyboard } from '../../support/cliWorld.ts'

describe('typeInto', () => {
  test.each([
    ['ends at Enter and drops what follows', 'secret\rmore', { text: 'secret', end: 'entered' }],
    ['takes back whole characters', 'gr😀\x7f\x7fün', { text: 'gün' }],
    ['takes back everything with Ctrl-U', 'wrong\x15right', { text: 'right' }],
    ['gives up at Ctrl-C', 'secret\x03', { text: '', end: 'cancelled' }],
    ['ends the input at Ctrl-D on an empty line', '\x04', { text: '', end: 'closed' }],
    ['does not end it in the middle of a line', 'a\x04b', { text: 'ab' }],
    ['keeps arrows, Del and F1 out of the text', 'a\x1b[Ab\x1b[3~c\x1bOPd\x1b[1;5Ce', { text: 'abcde' }],
    ['keeps other control characters out of the text', 'a\x00b\x16c', { text: 'abc' }],
    ['keeps blanks at both ends', ' a ', { text: ' a ' }],
  ] as const)('%s', (_behaviour, input, expected) => {
    expect(typeInto({ text: '' }, input)).toEqual(expected)
  })

  test('goes on from what was typed before', () => {
    expect(typeInto(typeInto({ text: '' }, 'ab'), '\x7fc\r')).toEqual({ text: 'ac', end: 'entered' })
  })
})

describe('askLine', () => {
  async function ask(hidden: boolean, act: (input: ReturnType<typeof keyboard>) => void) {
    const input = keyboard()
    let shown = ''
    const write = (text: string) => {
      shown += text
    }
    const answer = askLine({ input, write, question: 'Word: ', hidden })
    act(input)
    const outcome = await answer.catch((error: Error) => error)
    return { outcome, shown, raw: input.raw }
  }

  test('shows nothing of a hidden answer, and leaves the terminal as it was', async () => {
    const { outcome, shown, raw } = await ask(true, input => input.type('s3cret\r'))
    expect(outcome).toBe('s3cret')
    expect(shown).toBe('Word: \n')
    expect(raw).toEqual([true, false])
  })

  test('shows an open answer as it is typed and taken back', async () => {
    const { outcome, shown } = await ask(false, input => input.type('sdx\x7fb\r'))
    expect(outcome).toBe('sdb')
    // All keys came in one piece, so only the outcome had to be drawn.
    expect(shown).toBe('Word: sdb\n')
  })

  test('puts characters together that arrive in pieces', async () => {
    const bytes = Buffer.from('ü\r')
    const { outcome } = await ask(true, input => {
      input.push(bytes.subarray(0, 1))
      input.push(bytes.subarray(1))
    })
    expect(outcome).toBe('ü')
  })

  test.each([
    ['Ctrl-C', (input: ReturnType<typeof keyboard>) => input.type('abc\x03')],
    ['the end of the input', (input: ReturnType<typeof keyboard>) => void input.push(null)],
  ])('is cancelled by %s, and leaves the terminal as it was', async (_what, act) => {
    const { outcome, raw } = await ask(true, act)
    expect(outcome).toMatchObject({ code: 'run.cancelled' })
    expect(raw).toEqual([true, false])
  })
})
