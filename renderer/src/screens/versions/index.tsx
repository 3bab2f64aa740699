import { useState } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import type { ScreenProps } from '../../app/screenProps.ts'
import { Compare } from './Compare.tsx'
import { Detail } from './Detail.tsx'
import { useHost, usePlaces } from './places.ts'
import { ShelfPage } from './ShelfPage.tsx'
import { type Filter, keyOf, noFilter } from './shelf.ts'
import { useShelf } from './useShelf.ts'

/**
 * '#/versions' lists them, '#/versions/<destination>/<version>' shows one, and
 * '#/versions/compare/<destination>/<older>/<newer>' compares two. The tray and links from outside ask for one by
 * '#/versions?destination=…&version=…'. What was chosen in the list stays while one looks at one.
 */
export function VersionsScreen({ path, query }: ScreenProps) {
  const shelf = useShelf()
  const places = usePlaces()
  const host = useHost()
  const [filter, setFilter] = useState<Filter>(noFilter)
  const [selected, setSelected] = useState<ReadonlyMap<string, LibraryVersion>>(new Map())
  const [lastShown, setLastShown] = useState<string | null>(null)
  const { destination, version } = query
  const [first, second, third, fourth] = path.length === 0 && destination && version ? [destination, version] : path
  const common = { shelf, places, host }

  if (first === 'compare' && second && third && fourth) {
    return <Compare key={path.join()} {...common} destination={second} older={third} newer={fourth} />
  }
  if (first && second) {
    const key = keyOf({ destination: first, id: second as LibraryVersion['id'] })
    return <Detail key={key} {...common} destination={first} id={second} onShown={() => setLastShown(key)} />
  }
  return (
    <ShelfPage
      {...common}
      filter={filter}
      onFilter={setFilter}
      selected={selected}
      onSelected={setSelected}
      startAt={lastShown}
    />
  )
}
