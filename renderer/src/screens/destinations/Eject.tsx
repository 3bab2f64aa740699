import { Button } from '@mantine/core'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { EjectIcon } from '../../components/icons.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { driveToEject, isUsable } from './state.ts'

/** Lets go of the drive of a destination, and says when it can be unplugged. */
export function Eject({ view }: { view: DestinationView }) {
  const { t, format } = useSpeech()
  const devices = useHouse(house => house.devices) ?? []
  const eject = useCall('drives.eject')
  const { name } = view.destination
  const drive = driveToEject(view.state, devices)
  // While it is connected once more, what was said of the last time is no longer true.
  const result = isUsable(view.state) && drive !== null && eject.value?.poweredOff ? undefined : eject.value
  return (
    <>
      {drive !== null && (
        <Button
          size="xs"
          variant="default"
          leftSection={<EjectIcon size={16} />}
          loading={eject.busy}
          aria-label={t('destinations.ejectOf', { name })}
          onClick={() => void eject.call({ drive })}
        >
          {t('destinations.eject')}
        </Button>
      )}
      <span role="status" className="hf-small hf-wrap">
        {result?.usedAt
          ? t('destinations.ejectUsed', { name, places: format.list(result.usedAt) })
          : result &&
            (result.note ?? t(result.poweredOff ? 'destinations.ejected' : 'destinations.ejectedOn', { name }))}
      </span>
      <ErrorNote error={eject.error} />
    </>
  )
}
