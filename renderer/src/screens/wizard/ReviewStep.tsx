import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { navigate } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { deviceTitle, leftOut } from '../../state/diskTree.ts'
import { chosenDestinations, chosenDevices, coverage, draftBytes, estimateMs, isLayered, jobOf } from './draft.ts'
import type { StepProps } from './WhatStep.tsx'
import { WizardFrame } from './WizardFrame.tsx'
import { dayNames } from './weekdayNames.ts'

export function ReviewStep({ draft, change, inventory, usedOf, onBack, onAnother }: StepProps & { onAnother(): void }) {
  const { t, format, locale } = useSpeech()
  const jobs = useHouse(house => house.jobs) ?? []
  const create = useCall('jobs.create')
  const run = useCall('jobs.run')
  const [isCreated, setIsCreated] = useState(false)
  const { destination } = draft
  if (!destination) return null
  const all = chosenDestinations(draft)

  const { devices } = inventory
  const chosen = chosenDevices(draft, inventory)
  const sums = draftBytes(draft, inventory, usedOf)
  const estimate = estimateMs(sums.readBytes)
  const isCovered = coverage(draft, inventory)
  // Where the backup is kept need not be backed up to itself.
  const keeper =
    draft.place?.kind === 'drive'
      ? devices.find(({ id }) => id === (draft.place as { device: string }).device)
      : undefined
  const out = leftOut(
    { ...inventory, devices: devices.filter(device => !device.drives.some(id => keeper?.drives.includes(id))) },
    isCovered,
  )
  const hasSplitDisk = devices.some(
    disk => disk.kind === 'disk' && draft.disks?.[disk.id] === 'parts' && isLayered(disk, inventory),
  )

  const start = async () => {
    const ids = all.map(({ id }) => id)
    const taken = jobs.flatMap(({ job }) => job.sources.map(({ name }) => name))
    const made = await create.call({ settings: jobOf(draft, inventory, taken, ids) })
    if (!made) return
    // From here on there is a job; a second one must not come of a second try.
    setIsCreated(true)
    if (await run.call({ job: made.job.id })) navigate('home')
  }

  const when = {
    dailyDrive: () => t('wizard.review.dailyDrive', { time: draft.time }),
    daily: () => t('wizard.review.daily', { time: draft.time }),
    hourly: () => t('wizard.when.hourly'),
    weekly: () =>
      t('wizard.review.weekly', {
        day: dayNames(locale).find(({ value }) => value === draft.weekday)?.label ?? '',
        time: draft.time,
      }),
    manual: () => t('wizard.when.manual'),
  }[draft.rhythm]()
  const kept = {
    some: t('wizard.when.keepSomeHint'),
    many: t('wizard.when.keepManyHint'),
    all: `${t('wizard.when.keepAll')}. ${t('wizard.when.keepAllHint')}`,
  }[draft.keep]
  const conditions = [
    ...(draft.waitOnBattery ? [t('wizard.when.battery')] : []),
    ...(draft.waitOnMetered && all.some(one => !one.isDrive) ? [t('wizard.when.metered')] : []),
  ]

  return (
    <WizardFrame
      step="review"
      onBack={isCreated ? undefined : onBack}
      onNext={isCreated || draft.name.trim() === '' ? null : () => void start()}
      nextLabel={t('wizard.review.start')}
      busy={create.busy || run.busy}
    >
      <Card>
        <div className="hf-narrow">
          <TextInput
            label={t('wizard.review.name')}
            value={draft.name}
            maxLength={100}
            onChange={event => change({ name: event.currentTarget.value })}
          />
        </div>
      </Card>
      <Card>
        <dl className="hf-facts">
          <dt>{t('wizard.review.sources')}</dt>
          <dd>
            {[
              ...chosen.map(device => `${deviceTitle(device)} (${format.bytes(device.sizeBytes)})`),
              ...draft.files.map(file => `${file.path} (${format.bytes(file.sizeBytes)})`),
            ].join(', ')}
          </dd>
          <dt>{t('wizard.review.destination')}</dt>
          <dd>
            {all.map(({ id, name, freeBytes }) => (
              <div key={id} className="hf-wrap">
                {name}
                {freeBytes !== null && (
                  <div className="hf-quiet hf-small">{t('wizard.review.free', { free: format.bytes(freeBytes) })}</div>
                )}
              </div>
            ))}
            {!isCreated && (
              <Button size="xs" variant="default" mt={6} onClick={onAnother}>
                {t('elsewhere.another')}
              </Button>
            )}
          </dd>
          <dt>{t('wizard.review.schedule')}</dt>
          <dd>
            {when}
            {conditions.map(text => (
              <div key={text} className="hf-quiet hf-small">
                {text}
              </div>
            ))}
          </dd>
          <dt>{t('wizard.review.keep')}</dt>
          <dd>{kept}</dd>
          <dt>{t('wizard.review.firstRun')}</dt>
          <dd>
            {t('wizard.review.estimate', {
              size: format.bytes(sums.readBytes),
              from: format.duration(estimate.from),
              to: format.duration(estimate.to),
            })}
            <div className="hf-quiet hf-small">{t('wizard.review.later')}</div>
          </dd>
        </dl>
      </Card>
      {destination.freeBytes !== null && destination.freeBytes < sums.readBytes && (
        <Note tone="attention" title={t('wizard.where.small')}>
          {t('wizard.where.smallText', {
            need: format.bytes(sums.readBytes),
            free: format.bytes(destination.freeBytes),
          })}
        </Note>
      )}
      <Card title={t('wizard.review.notProtected')}>
        {out.length === 0 ? (
          <p className="hf-flush">{t('wizard.review.allProtected')}</p>
        ) : (
          <ul className="hf-flush">
            {out.map(({ device, title }) => (
              <li key={device.id} className="hf-wrap">
                {title} <span className="hf-quiet hf-small">{format.bytes(device.sizeBytes)}</span>
              </li>
            ))}
          </ul>
        )}
        {hasSplitDisk && <p className="hf-quiet hf-small hf-flush">{t('wizard.review.layout')}</p>}
      </Card>
      <ErrorNote error={create.error} />
      {isCreated && run.error && (
        <>
          <Note
            tone="attention"
            actions={
              <Button size="xs" variant="default" onClick={() => navigate('home')}>
                {t('home.title')}
              </Button>
            }
          >
            {t('wizard.review.tryRun')}
          </Note>
          <ErrorNote error={run.error} />
        </>
      )}
    </WizardFrame>
  )
}
