import { isHoldfastError } from '../contract/errors.ts'

export interface HostKeyAsker {
  /** What --accept-host-key gave. */
  accepted: string | undefined
  canAsk: boolean
  /** Shows a question and gives what was typed. */
  ask(question: string): Promise<string>
}

/**
 * Calls `use`, and once more with the fingerprint of the server's key when that is not known here and the person at the terminal
 * says that it is the right one. Whoever cannot be asked, or does not say so, gets the error.
 */
export async function withHostKey<T>(
  { accepted, canAsk, ask }: HostKeyAsker,
  use: (access: { acceptHostKey?: string }) => Promise<T>,
): Promise<T> {
  try {
    return await use(accepted === undefined ? {} : { acceptHostKey: accepted })
  } catch (error) {
    // A fingerprint that was given and is another one is an answer already.
    if (!isHoldfastError(error, 'storage.hostKeyUnknown') || !canAsk || accepted !== undefined) throw error
    const { host, fingerprint } = error.details as { host: string; fingerprint: string }
    const answer = await ask(`The key of ${host} is ${fingerprint}. Trust it? [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw error
    return await use({ acceptHostKey: fingerprint })
  }
}
