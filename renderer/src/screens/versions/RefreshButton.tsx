import { Button } from '@mantine/core'
import { useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useBridge, useHouse } from '../../state/context.ts'
import { isReachable } from './shelf.ts'

/** Has every destination that is at hand looked at again. The list hears of it by its topic. */
export function RefreshButton({ onDone }: { onDone(message: string): void }) {
  const { t } = useSpeech()
  const { calls } = useBridge()
  const destinations = useHouse(house => house.destinations)
  const here = (destinations ?? []).filter(({ state }) => isReachable(state))
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<WireError | null>(null)
  if (here.length === 0) return null

  const refresh = async () => {
    setBusy(true)
    setError(null)
    onDone('')
    let failure: WireError | null = null
    // One after the other: each may have to wait for a drive.
    for (const { destination } of here) {
      const reply = await calls['versions.refresh']({ destination: destination.id })
      if (!reply.ok) failure ??= reply.error
    }
    setBusy(false)
    setError(failure)
    if (!failure) onDone(t('versions.refreshed'))
  }
  return (
    <>
      <Button
        variant="default"
        size="xs"
        loading={busy}
        title={t('versions.refreshHint')}
        onClick={() => void refresh()}
      >
        {t('versions.refresh')}
      </Button>
      <ErrorNote error={error} />
    </>
  )
}
