import { Button, Checkbox } from '@mantine/core'
import { useId } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { Card, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall, useQuery } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { AwayNote } from '../versions/AwayNote.tsx'
import type { Places } from '../versions/places.ts'
import { isReachable } from '../versions/shelf.ts'
import { ChosenVersion } from './ChosenVersion.tsx'
import { DeviceChoice } from './DeviceChoice.tsx'
import { NewFileChoice } from './NewFileChoice.tsx'
import { NewVolumeChoice } from './NewVolumeChoice.tsx'
import { StartLink } from './StartLink.tsx'
import { Steps } from './Steps.tsx'
import { planInput, type TargetWish } from './wish.ts'
import { type Plan, sortedTargets } from './wording.ts'

export interface ChooseTargetProps {
  version: LibraryVersion
  places: Places
  wish: TargetWish
  onWish(wish: TargetWish): void
  onPlan(plan: Plan): void
}

/** Second step: a disk, a new file or a new volume. */
export function ChooseTarget({ version, places, wish, onWish, onPlan }: ChooseTargetProps) {
  const { t } = useSpeech()
  const name = useId()
  const devices = useHouse(house => house.devices)
  const { destination, id } = version
  const view = places.view(destination)
  const isHere = isReachable(view?.state)
  const targets = useQuery('restores.targets', { destination, version: id }, devices)
  const plan = useCall('restores.plan')
  const { usable, refused } = sortedTargets(targets.value?.targets ?? [])
  // What was chosen may have been unplugged, or have come into use.
  const isStillThere = wish.kind !== 'device' || usable.some(({ device }) => device.id === wish.device)
  const chosenBytes = usable.find(({ device }) => device.id === wish.device)?.device.sizeBytes
  const canGrow = chosenBytes !== undefined && chosenBytes > version.sizeBytes
  const input = isStillThere ? planInput(version, canGrow ? wish : { ...wish, grow: false }) : null

  const look = async () => {
    if (!input) return
    const answer = await plan.call(input)
    if (answer) onPlan(answer)
  }
  return (
    <Page title={t('restore.target.title')} actions={<StartLink />}>
      <Steps at="target" />
      <ChosenVersion version={version} />
      <AwayNote view={view} name={places.name(destination)} />
      <form
        className="hfr-form"
        onSubmit={event => {
          event.preventDefault()
          void look()
        }}
      >
        <DeviceChoice
          name={name}
          usable={usable}
          refused={refused}
          chosen={isStillThere && wish.kind === 'device' ? wish.device : null}
          isLoading={targets.loading && !targets.value}
          onChoose={device => {
            plan.clear()
            onWish({ ...wish, kind: 'device', device })
          }}
        />
        <ErrorNote
          error={targets.error}
          actions={
            <Button size="xs" variant="default" onClick={targets.again}>
              {t('action.tryAgain')}
            </Button>
          }
        />
        <NewFileChoice
          name={name}
          wish={wish}
          onWish={next => {
            plan.clear()
            onWish(next)
          }}
        />
        <NewVolumeChoice
          name={name}
          groups={targets.value?.groups ?? []}
          wish={wish}
          onWish={next => {
            plan.clear()
            onWish(next)
          }}
        />
        <Card title={t('restore.options')}>
          <div className="hfr-options">
            <Checkbox
              label={t('restore.option.verify')}
              description={t('restore.option.verifyHint')}
              checked={wish.verify}
              onChange={event => onWish({ ...wish, verify: event.currentTarget.checked })}
            />
            {wish.kind === 'device' && (
              <Checkbox
                label={t('restore.option.delta')}
                description={t('restore.option.deltaHint')}
                checked={wish.delta}
                onChange={event => onWish({ ...wish, delta: event.currentTarget.checked })}
              />
            )}
            {wish.kind === 'device' && canGrow && (
              <Checkbox
                label={t('restore.option.grow')}
                description={t('restore.option.growHint')}
                checked={wish.grow}
                onChange={event => onWish({ ...wish, grow: event.currentTarget.checked })}
              />
            )}
          </div>
        </Card>
        <ErrorNote error={plan.error} />
        <div className="hfv-line">
          <Button type="submit" loading={plan.busy} disabled={!input || !isHere}>
            {t('restore.plan')}
          </Button>
          <span className="hf-quiet hf-small" role="status">
            {plan.busy
              ? t('restore.plan.working')
              : isHere
                ? ''
                : t('restore.plan.needsPlace', { destination: places.name(destination) })}
          </span>
        </div>
      </form>
    </Page>
  )
}
