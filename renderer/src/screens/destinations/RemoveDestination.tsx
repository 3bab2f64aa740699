import { Button } from '@mantine/core'
import { useState } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { hrefOf, navigate } from '../../app/routes.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { usersOf } from './state.ts'

/** Forgets a destination that no job needs. What is stored there stays. */
export function RemoveDestination({ view }: { view: DestinationView }) {
  const { t } = useSpeech()
  const jobs = useHouse(house => house.jobs) ?? []
  const remove = useCall('destinations.remove')
  const [asks, setAsks] = useState(false)
  const { id, name } = view.destination
  const users = usersOf(id, jobs)
  const go = async () => {
    if (await remove.call({ destination: id })) navigate('destinations')
  }
  return (
    <Card title={t('destinations.remove')}>
      <p className="hf-quiet hf-destination-text">{t('destinations.removeText', { name })}</p>
      {users.length > 0 ? (
        <>
          <p>{t('destinations.inUse', { count: users.length })}</p>
          <ul className="hf-destination-users">
            {users.map(job => (
              <li key={job.id} className="hf-wrap">
                <a href={hrefOf('settings', ['jobs', job.id])}>{job.name}</a>
              </li>
            ))}
          </ul>
          <p className="hf-quiet">{t('destinations.inUseText')}</p>
        </>
      ) : (
        <Button mt="sm" size="xs" variant="outline" color="red" onClick={() => setAsks(true)}>
          {t('destinations.removeDo')}
        </Button>
      )}
      <ConfirmDialog
        opened={asks}
        dangerous
        title={t('destinations.removeTitle', { name })}
        confirm={t('destinations.removeDo')}
        busy={remove.busy}
        error={remove.error}
        onConfirm={() => void go()}
        onCancel={() => setAsks(false)}
      >
        {t('destinations.removeText', { name })}
      </ConfirmDialog>
    </Card>
  )
}
