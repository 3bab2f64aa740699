import type { ScreenProps } from '../../app/screenProps.ts'
import { AddDestination } from './AddDestination.tsx'
import { DestinationList } from './DestinationList.tsx'
import { DestinationPage } from './DestinationPage.tsx'
import '../wizard/wizard.css'
import './destinations.css'

/** '#/destinations' is all of them, '#/destinations/add' a new one, '#/destinations/<id>' one; '?do=sheet' begins at once. */
export function DestinationsScreen({ path, query }: ScreenProps) {
  const which = path[0]
  if (which === undefined) return <DestinationList />
  if (which === 'add') return <AddDestination />
  return <DestinationPage key={which} id={which} begin={query.do} />
}
