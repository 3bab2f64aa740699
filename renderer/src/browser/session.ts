import { HoldfastError } from '../../../engine/contract/errors.ts'

/** The session of this page with the program that serves it (engine/ui/server.ts says what they agree on). */
export interface PageSession {
  /** Version of the program. */
  program: string
  key: string
}

/** Kept for this address and port alone, so that the page can be loaded again. */
const keyName = 'holdfast-key'

/**
 * Trades the token of the address for a session, or finds the one that is there. Without either, the page goes to the one that
 * says so, and this fails with `access.denied`. `helper.unreachable` when the program that serves the page has ended.
 */
export async function openSession(): Promise<PageSession> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token !== null) {
    // Neither the history nor whoever looks over the shoulder needs it.
    history.replaceState(null, '', location.pathname)
    const answer = await ask({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
    if (answer.ok) {
      const session = (await answer.json()) as PageSession
      localStorage.setItem(keyName, session.key)
      return session
    }
    // It was used, perhaps by this very browser: then the session is there.
  }
  const key = localStorage.getItem(keyName)
  if (key !== null) {
    const answer = await ask({ headers: { 'holdfast-key': key } })
    if (answer.ok) return { ...((await answer.json()) as { program: string }), key }
  }
  location.replace('/closed')
  throw new HoldfastError('access.denied', 'The address of this page was used already.', {
    advice: 'Run "holdfast ui" again, and open the address that it prints.',
  })
}

async function ask(request: RequestInit): Promise<Response> {
  try {
    return await fetch('/session', request)
  } catch {
    throw new HoldfastError('helper.unreachable', 'The program that serves this page has ended.', {
      advice: 'Run "holdfast ui" again, and open the address that it prints.',
      retryable: true,
    })
  }
}
