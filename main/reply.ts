import type { Reply } from '../engine/contract/appBridge.ts'
import { HoldfastError, type WireError } from '../engine/contract/errors.ts'

/** Any error in the form that crosses to a page. */
export function wireErrorOf(error: unknown): WireError {
  if (error instanceof HoldfastError) return error.toWire()
  const said = error instanceof Error ? error.message : String(error)
  const advice = 'Please report this, with what you were doing.'
  return new HoldfastError('internal.bug', `Something unexpected went wrong: ${said}`, { advice }).toWire()
}

/** Errors cross as values: what is thrown through Electron arrives as text. Never rejects. */
export async function replyWith<Value>(work: () => Value | Promise<Value>): Promise<Reply<Value>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    return { ok: false, error: wireErrorOf(error) }
  }
}
