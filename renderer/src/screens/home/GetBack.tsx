import { Button } from '@mantine/core'
import { useMemo } from 'react'
import { hrefOf } from '../../app/routes.ts'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse, useNow } from '../../state/context.ts'
import { isReachable } from '../versions/shelf.ts'
import { toGetBackFrom } from './getBackFrom.ts'

/** Enough for several days of some backups. */
const asked = 60

/** The shortest way to a file: the newest versions of the last days, each a press away from its files. */
export function GetBack() {
  const { t, format } = useSpeech()
  const now = useNow()
  const library = useHouse(house => house.library)
  const destinations = useHouse(house => house.destinations)
  const { value } = useQuery('versions.list', { limit: asked }, library)
  const shown = useMemo(() => {
    const isHere = (id: string) => isReachable(destinations?.find(view => view.destination.id === id)?.state)
    return toGetBackFrom(value?.versions ?? [], isHere)
  }, [value, destinations])
  if (shown.length === 0) return null
  return (
    <Card
      title={t('files.home.title')}
      actions={
        <Button component="a" variant="default" size="xs" href={hrefOf('files')}>
          {t('files.home.other')}
        </Button>
      }
    >
      <p className="hf-quiet hf-flush">{t('files.home.text')}</p>
      <ul className="hf-plain-list hf-get-back">
        {shown.map(({ destination, id, name, date }) => (
          <li key={`${destination} ${id}`}>
            <a href={hrefOf('files', [destination, id])}>
              <span className="hf-hidden">{t('files.browse')}: </span>
              <span className="hf-get-back-name">{name}</span>
              <span className="hf-quiet hf-small">{format.when(date, now)}</span>
            </a>
          </li>
        ))}
      </ul>
    </Card>
  )
}
