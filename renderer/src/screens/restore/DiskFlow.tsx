import { useState } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHost, usePlaces } from '../versions/places.ts'
import { keyOf } from '../versions/shelf.ts'
import { useShelf } from '../versions/useShelf.ts'
import { ChooseTarget } from './ChooseTarget.tsx'
import { ChooseVersion } from './ChooseVersion.tsx'
import { PlanStep } from './PlanStep.tsx'
import { StartLink } from './StartLink.tsx'
import { Steps } from './Steps.tsx'
import { noWish, type TargetWish } from './wish.ts'
import type { Plan } from './wording.ts'

/** Version, then target, then what will happen. The version is in the address, so that others can lead here with one. */
export function DiskFlow({ destination, version: id }: { destination: string | null; version: string | null }) {
  const shelf = useShelf()
  const places = usePlaces()
  const host = useHost()
  const key = destination !== null && id !== null ? keyOf({ destination, id: id as LibraryVersion['id'] }) : null
  const version = key === null ? undefined : shelf.versions.find(one => keyOf(one) === key)
  const isGone = key !== null && !version && shelf.complete

  if (key === null || isGone) {
    return <ChooseVersion shelf={shelf} places={places} host={host} destination={destination} isGone={isGone} />
  }
  if (!version) return <Waiting error={shelf.error} />
  return <ForVersion key={key} version={version} />
}

function ForVersion({ version }: { version: LibraryVersion }) {
  const places = usePlaces()
  const [wish, setWish] = useState<TargetWish>(() => noWish(version))
  const [plan, setPlan] = useState<Plan | null>(null)
  if (plan) {
    return <PlanStep version={version} wish={wish} plan={plan} onPlan={setPlan} onBack={() => setPlan(null)} />
  }
  return <ChooseTarget version={version} places={places} wish={wish} onWish={setWish} onPlan={setPlan} />
}

function Waiting({ error }: { error: Parameters<typeof ErrorNote>[0]['error'] }) {
  const { t } = useSpeech()
  return (
    <Page title={t('restore.disk')} actions={<StartLink />}>
      <Steps at="target" />
      <ErrorNote error={error} />
      {!error && (
        <p className="hf-quiet" role="status">
          {t('versions.loading')}
        </p>
      )}
    </Page>
  )
}
