import { useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import type { AttachmentView } from '../../../../engine/contract/files.ts'
import { useBridge } from '../../state/context.ts'

/** Takes away what is attached; of several, as many as can be. What is gone leaves the lists by the topic. */
export function useDetach() {
  const { calls } = useBridge()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<WireError | null>(null)
  const all = async (attachments: readonly AttachmentView[]): Promise<boolean> => {
    setBusy(true)
    setError(null)
    let failure: WireError | null = null
    for (const { kind, id } of attachments) {
      const reply =
        kind === 'files' ? await calls['files.close']({ attachment: id }) : await calls['copies.detach']({ copy: id })
      if (!reply.ok) failure ??= reply.error
    }
    setBusy(false)
    setError(failure)
    return failure === null
  }
  return { all, busy, error }
}
