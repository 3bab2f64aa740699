import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { HoldfastError } from '../contract/errors.ts'

/** A terminal to read from, as process.stdin is. */
export type InputStream = Readable & {
  isTTY?: boolean | undefined
  setRawMode?: ((raw: boolean) => unknown) | undefined
}

/** A line being typed, and what became of it. */
export interface LineState {
  text: string
  /** Unset while it is being typed. */
  end?: 'entered' | 'cancelled' | 'closed'
}

/** Keys that send a sequence (arrows, Del, F1 …) do nothing; what they send must not get into a passphrase unseen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: sequences begin with the control character ESC.
const keySequence = /^\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|[^[O]|$)/s

/**
 * What a line becomes by further input from a terminal in raw mode: Enter ends it, Backspace takes one character, Ctrl-U and
 * Ctrl-W all, Ctrl-C gives up, Ctrl-D ends the input on an empty line. Input behind the end of the line is dropped.
 */
export function typeInto(state: LineState, input: string): LineState {
  let text = state.text
  let rest = input
  while (rest !== '') {
    const sequence = keySequence.exec(rest)?.[0]
    if (sequence !== undefined) {
      rest = rest.slice(sequence.length)
      continue
    }
    const key = String.fromCodePoint(rest.codePointAt(0)!)
    rest = rest.slice(key.length)
    if (key === '\r' || key === '\n') return { text, end: 'entered' }
    if (key === '\x03') return { text: '', end: 'cancelled' }
    if (key === '\x04' && text === '') return { text, end: 'closed' }
    if (key === '\x7f' || key === '\b') text = [...text].slice(0, -1).join('')
    else if (key === '\x15' || key === '\x17') text = ''
    else if (key >= ' ') text += key
  }
  return { text }
}

export interface PromptOptions {
  input: InputStream
  write: (text: string) => void
  /** Shown before the cursor. */
  question: string
  /** Show nothing of what is typed. */
  hidden: boolean
}

/**
 * Asks on a terminal for one line. Fails with run.cancelled on Ctrl-C and at the end of the input. The terminal is put back
 * in its former mode in every case.
 */
export async function askLine({ input, write, question, hidden }: PromptOptions): Promise<string> {
  const decoder = new StringDecoder('utf8')
  let state: LineState = { text: '' }
  // Before the question, so that not even the first key can be seen.
  input.setRawMode?.(true)
  write(question)
  input.resume()
  try {
    await new Promise<void>((resolve, reject) => {
      const onData = (chunk: Buffer) => {
        const before = state.text
        state = typeInto(state, decoder.write(chunk))
        if (!hidden) write(echoOf(before, state.text))
        if (state.end !== undefined) settle(resolve)
      }
      const onEnd = () => {
        state = { text: '', end: 'closed' }
        settle(resolve)
      }
      const onError = (error: Error) => settle(() => reject(error))
      const settle = (then: () => void) => {
        // At once: what was typed ahead stays for the next question. A stream that flows would also keep the process alive.
        input.pause()
        input.off('data', onData).off('end', onEnd).off('error', onError)
        then()
      }
      input.on('data', onData).on('end', onEnd).on('error', onError)
    })
  } finally {
    input.setRawMode?.(false)
    write('\n')
  }
  if (state.end === 'entered') return state.text
  throw new HoldfastError('run.cancelled', 'Cancelled at the question.', { advice: 'Nothing was done.' })
}

/** What to print so that `before` on the screen becomes `after`. */
function echoOf(before: string, after: string): string {
  if (after.startsWith(before)) return after.slice(before.length)
  const taken = [...before].length - [...after].length
  return '\b \b'.repeat(taken)
}
