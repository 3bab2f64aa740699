import { useState } from 'react'
import type { WireError } from '../../../engine/contract/errors.ts'
import { useShell } from '../state/context.ts'

/** Asks for the rights of an administrator. Giving up is no error: the person knows that they did. */
export function useUnlock() {
  const shell = useShell()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<WireError | null>(null)
  const start = async () => {
    setBusy(true)
    setError(null)
    const reply = await shell.unlock()
    setBusy(false)
    if (!reply.ok && reply.error.details?.reason !== 'dismissed') setError(reply.error)
  }
  return { busy, error, start }
}
