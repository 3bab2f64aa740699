import { Checkbox, Radio, Select, TextInput } from '@mantine/core'
import type { Weekday } from '../../../../engine/contract/schedule.ts'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { chosenDestinations, type Keep, type Rhythm } from './draft.ts'
import type { StepProps } from './WhatStep.tsx'
import { WizardFrame } from './WizardFrame.tsx'
import { dayNames } from './weekdayNames.ts'

export function WhenStep({ draft, change, onNext, onBack }: StepProps) {
  const { t, locale } = useSpeech()
  const chosen = chosenDestinations(draft)
  const isDrive = chosen.some(one => one.isDrive)
  const isElsewhere = chosen.some(one => !one.isDrive)
  // Whoever chose a folder after a drive would otherwise wait for a drive that there is not.
  const rhythm = !isDrive && draft.rhythm === 'dailyDrive' ? 'daily' : draft.rhythm
  const rhythms: Rhythm[] = [...(isDrive ? (['dailyDrive'] as const) : []), 'daily', 'hourly', 'weekly', 'manual']
  const hasTime = rhythm === 'dailyDrive' || rhythm === 'daily' || rhythm === 'weekly'
  const isTime = /^([01]\d|2[0-3]):[0-5]\d$/.test(draft.time)
  const hints: Partial<Record<Rhythm, string>> = {
    dailyDrive: t('wizard.when.dailyDriveHint'),
    manual: t('wizard.when.manualHint'),
  }
  const next = () => {
    change({ rhythm })
    onNext()
  }
  return (
    <WizardFrame step="when" onNext={hasTime && !isTime ? null : next} onBack={onBack}>
      <Card title={t('wizard.when.how')}>
        <Radio.Group
          aria-label={t('wizard.when.how')}
          value={rhythm}
          onChange={value => change({ rhythm: value as Rhythm })}
        >
          <div className="hf-fields">
            {rhythms.map(value => (
              <Radio key={value} value={value} label={t(`wizard.when.${value}`)} description={hints[value]} />
            ))}
          </div>
        </Radio.Group>
        {hasTime && (
          <div className="hf-row hf-narrow hf-below">
            {rhythm === 'weekly' && (
              <Select
                className="hf-grow"
                label={t('wizard.when.weekday')}
                allowDeselect={false}
                value={draft.weekday}
                data={dayNames(locale)}
                onChange={value => value !== null && change({ weekday: value as Weekday })}
              />
            )}
            <TextInput
              type="time"
              label={t('wizard.when.time')}
              value={draft.time}
              onChange={event => change({ time: event.currentTarget.value })}
            />
          </div>
        )}
        {rhythm !== 'manual' && <p className="hf-quiet hf-small hf-below">{t('wizard.when.missed')}</p>}
      </Card>
      <Card title={t('wizard.when.conditions')}>
        <div className="hf-fields">
          <Checkbox
            label={t('wizard.when.battery')}
            checked={draft.waitOnBattery}
            onChange={event => change({ waitOnBattery: event.currentTarget.checked })}
          />
          {isElsewhere && (
            <Checkbox
              label={t('wizard.when.metered')}
              checked={draft.waitOnMetered}
              onChange={event => change({ waitOnMetered: event.currentTarget.checked })}
            />
          )}
          <span className="hf-quiet hf-small">{t('wizard.when.manualWins')}</span>
        </div>
      </Card>
      <Card title={t('wizard.when.keep')}>
        <Radio.Group
          aria-label={t('wizard.when.keep')}
          value={draft.keep}
          onChange={value => change({ keep: value as Keep })}
        >
          <div className="hf-fields">
            <Radio value="some" label={t('wizard.when.keepSome')} description={t('wizard.when.keepSomeHint')} />
            <Radio value="many" label={t('wizard.when.keepMany')} description={t('wizard.when.keepManyHint')} />
            <Radio value="all" label={t('wizard.when.keepAll')} description={t('wizard.when.keepAllHint')} />
          </div>
        </Radio.Group>
      </Card>
    </WizardFrame>
  )
}
