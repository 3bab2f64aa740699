import { Checkbox, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import type { PlaceChoice } from '../wizard/draft.ts'
import { destinationName } from '../wizard/naming.ts'

export interface Options {
  name: string
  mayMount: boolean
  ejectAfterBackup: boolean
}

/** Options of a new destination, beginning with those that are usual. */
export function useOptions(place: PlaceChoice) {
  const devices = useHouse(house => house.devices) ?? []
  const destinations = useHouse(house => house.destinations) ?? []
  const isDrive = place.kind === 'drive'
  return useState<Options>(() => ({
    name: destinationName(
      place,
      devices,
      destinations.map(({ destination }) => destination.name),
    ),
    mayMount: isDrive,
    ejectAfterBackup: false,
  }))
}

/** Its name, and how its drive is handled when it is on one. */
export function PlaceOptions({
  place,
  options,
  onChange,
}: {
  place: PlaceChoice
  options: Options
  onChange(options: Options): void
}) {
  const { t } = useSpeech()
  return (
    <>
      <TextInput
        label={t('wizard.key.name')}
        value={options.name}
        maxLength={100}
        onChange={event => onChange({ ...options, name: event.currentTarget.value })}
      />
      {place.kind === 'drive' && (
        <>
          <Checkbox
            label={t('destinations.mayMount')}
            checked={options.mayMount}
            onChange={event => onChange({ ...options, mayMount: event.currentTarget.checked })}
          />
          <Checkbox
            label={t('destinations.ejectAfter')}
            checked={options.ejectAfterBackup}
            onChange={event => onChange({ ...options, ejectAfterBackup: event.currentTarget.checked })}
          />
        </>
      )}
    </>
  )
}
