import { Radio, Select, Textarea, TextInput } from '@mantine/core'
import type { Weekday } from '../../../../engine/contract/schedule.ts'
import { formatSchedule } from '../../../../engine/contract/scheduleText.ts'
import { Card } from '../../components/Page.tsx'
import { expectationWords } from '../../i18n/told.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { dayNames } from '../wizard/weekdayNames.ts'
import type { EditorProps } from './editorProps.ts'
import { presets, readDraft, type ScheduleDraft } from './schedulePreset.ts'
import { describeSchedule } from './scheduleWords.ts'

/** When a job runs: one of the usual ways, or a text that is read while it is written. */
export function ScheduleCard({ draft, change }: EditorProps) {
  const speech = useSpeech()
  const { t, locale } = speech
  const { schedule } = draft
  const set = (changes: Partial<ScheduleDraft>) => change({ schedule: { ...schedule, ...changes } })
  const reading = readDraft(schedule)
  const hasTime = schedule.preset !== 'hourly' && schedule.preset !== 'manual' && schedule.preset !== 'custom'
  const choose = (preset: ScheduleDraft['preset']) => {
    // The text begins with what was chosen before.
    const text = reading.ok && reading.schedule ? formatSchedule(reading.schedule) : schedule.text
    set({ preset, ...(preset === 'custom' ? { text } : {}) })
  }
  return (
    <Card title={t('job.schedule')}>
      <div className="hf-fields">
        <Radio.Group
          aria-label={t('job.schedule')}
          value={schedule.preset}
          onChange={value => choose(value as ScheduleDraft['preset'])}
        >
          <div className="hf-fields">
            {presets.map(preset => (
              <Radio
                key={preset}
                value={preset}
                label={t(`wizard.when.${preset}`)}
                description={preset === 'manual' ? t('wizard.when.manualHint') : undefined}
              />
            ))}
            <Radio value="custom" label={t('job.schedule.custom')} />
          </div>
        </Radio.Group>
        {hasTime && (
          <div className="hf-row">
            {schedule.preset === 'weekly' && (
              <Select
                label={t('wizard.when.weekday')}
                allowDeselect={false}
                value={schedule.weekday}
                data={dayNames(locale)}
                onChange={value => value !== null && set({ weekday: value as Weekday })}
              />
            )}
            <TextInput
              type="time"
              label={t('wizard.when.time')}
              value={schedule.time}
              onChange={event => set({ time: event.currentTarget.value })}
            />
          </div>
        )}
        {schedule.preset === 'custom' && (
          <Textarea
            label={t('job.schedule.text')}
            description={t('job.schedule.help')}
            rows={2}
            spellCheck={false}
            value={schedule.text}
            error={
              reading.ok || reading.column === null
                ? null
                : t('job.schedule.column', {
                    column: reading.column,
                    text: schedule.text.slice(reading.column - 1, reading.column + 29) || '…',
                  })
            }
            onChange={event => set({ text: event.currentTarget.value })}
          />
        )}
        <div className="hf-quiet hf-small" aria-live="polite">
          {!reading.ok && reading.expected && expectationWords(t, reading.expected)}
          {reading.ok &&
            reading.schedule &&
            t('job.schedule.understood', { text: describeSchedule(reading.schedule, speech) })}
        </div>
        {schedule.preset !== 'manual' && <div className="hf-quiet hf-small">{t('wizard.when.missed')}</div>}
      </div>
    </Card>
  )
}
