import { useCallback, useEffect, useRef, useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import type { Volume } from '../../../../engine/contract/files.ts'
import { useBridge, useHouse } from '../../state/context.ts'

export type AttachmentState =
  | { state: 'opening' }
  /** The person did not want to wait. */
  | { state: 'stopped' }
  | { state: 'failed'; error: WireError }
  | { state: 'open'; attachment: string; volumes: readonly Volume[] }
  /** It was detached: by somebody, or because nobody used it. */
  | { state: 'ended' }

export interface Attachment {
  now: AttachmentState
  open(): void
  stop(): void
  /** After a volume was unlocked. */
  setVolumes(volumes: readonly Volume[]): void
}

/** A version that is opened to look at its files, from when it is shown until it is detached. */
export function useAttachment(destination: string, version: string, canOpen: boolean): Attachment {
  const { calls } = useBridge()
  const isConnected = useHouse(house => house.connection.state === 'connected')
  const attachments = useHouse(house => house.attachments)
  const [now, setNow] = useState<AttachmentState>({ state: 'opening' })
  const round = useRef(0)
  /** Once it has stood among what is attached, it has ended when it does no more. */
  const seen = useRef<string | null>(null)

  const open = useCallback(() => {
    const mine = Math.abs(round.current) + 1
    round.current = mine
    setNow({ state: 'opening' })
    const ask = async () => {
      const reply = await calls['files.open']({ destination, version: version as never })
      if (mine !== round.current) {
        // Nobody waits for it any more. Another page may look at it by now; then it says that it is busy, or is opened anew.
        if (reply.ok && round.current < 0) await calls['files.close']({ attachment: reply.value.attachment })
        return
      }
      setNow(
        reply.ok
          ? { state: 'open', attachment: reply.value.attachment, volumes: reply.value.volumes }
          : { state: 'failed', error: reply.error },
      )
    }
    ask().catch(thrown => {
      if (mine !== round.current) return
      setNow({ state: 'failed', error: { code: 'internal.bug', message: String(thrown), retryable: false } })
    })
  }, [calls, destination, version])

  const stop = useCallback(() => {
    // Below zero: what comes after all is closed.
    round.current = -Math.abs(round.current) - 1
    setNow({ state: 'stopped' })
  }, [])

  useEffect(() => {
    if (isConnected && canOpen) open()
    return () => {
      round.current = Math.abs(round.current) + 1
    }
  }, [isConnected, canOpen, open])

  const id = now.state === 'open' ? now.attachment : null
  useEffect(() => {
    if (id === null || attachments === null) return
    if (attachments.some(one => one.id === id && one.state !== 'closing')) seen.current = id
    else if (seen.current === id) setNow({ state: 'ended' })
  }, [id, attachments])

  const setVolumes = useCallback(
    (volumes: readonly Volume[]) => setNow(before => (before.state === 'open' ? { ...before, volumes } : before)),
    [],
  )
  return { now, open, stop, setVolumes }
}
