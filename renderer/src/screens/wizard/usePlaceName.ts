import { useState } from 'react'
import type { DriveDevice } from '../../../../engine/contract/drives.ts'
import { useHouse } from '../../state/context.ts'
import type { PlaceChoice } from './draft.ts'
import { destinationName } from './naming.ts'

/** A name for a new destination, which the person may change; to begin with, one that no other has. */
export function usePlaceName(place: PlaceChoice, devices: readonly DriveDevice[]) {
  const destinations = useHouse(house => house.destinations) ?? []
  return useState(() =>
    destinationName(
      place,
      devices,
      destinations.map(view => view.destination.name),
    ),
  )
}
