import { Button, Checkbox, CloseButton, TextInput } from '@mantine/core'
import { maxQuietHours } from '../../../../engine/contract/schedule.ts'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { EditorProps } from './editorProps.ts'
import { areQuietHours, type JobDraft } from './jobDraft.ts'

/** When a job waits although its time has come, and whether it gives way to others. */
export function ConditionsCard({ draft, change }: EditorProps) {
  const { t } = useSpeech()
  const { conditions } = draft
  const set = (changes: Partial<JobDraft['conditions']>) => change({ conditions: { ...conditions, ...changes } })
  return (
    <Card title={t('job.conditions')}>
      <div className="hf-fields">
        <Checkbox
          label={t('wizard.when.battery')}
          checked={conditions.onBattery === 'wait'}
          onChange={event => set({ onBattery: event.currentTarget.checked ? 'wait' : 'run' })}
        />
        <Checkbox
          label={t('wizard.when.metered')}
          checked={conditions.metered === 'wait'}
          onChange={event => set({ metered: event.currentTarget.checked ? 'wait' : 'run' })}
        />
        <Checkbox
          label={t('job.priority.low')}
          checked={draft.priority === 'low'}
          onChange={event => change({ priority: event.currentTarget.checked ? 'low' : 'normal' })}
        />
        <QuietHours hours={conditions.quietHours} onChange={quietHours => set({ quietHours })} />
        <span className="hf-quiet hf-small">{t('wizard.when.manualWins')}</span>
      </div>
    </Card>
  )
}

type Hours = JobDraft['conditions']['quietHours']

function QuietHours({ hours, onChange }: { hours: Hours; onChange(hours: Hours): void }) {
  const { t } = useSpeech()
  const set = (i: number, changes: Partial<Hours[number]>) =>
    onChange(hours.map((one, n) => (n === i ? { ...one, ...changes } : one)))
  return (
    <fieldset className="hf-settings-set">
      <legend>{t('job.quiet')}</legend>
      {hours.map(({ from, to }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the times change while one types, and rows do not move
        <div key={i} className="hf-row">
          {(['from', 'to'] as const).map(end => (
            <TextInput
              key={end}
              type="time"
              label={t(`job.quiet.${end}`)}
              value={end === 'from' ? from : to}
              onChange={event => set(i, { [end]: event.currentTarget.value })}
            />
          ))}
          <CloseButton
            size="lg"
            aria-label={t('job.quiet.remove', { from, to })}
            onClick={() => onChange(hours.filter((_, n) => n !== i))}
          />
        </div>
      ))}
      {!areQuietHours(hours) && (
        <div className="hf-field-error" role="alert">
          {t('job.quiet.wrong')}
        </div>
      )}
      {hours.length < maxQuietHours && (
        <div>
          <Button
            size="xs"
            variant="default"
            onClick={() =>
              onChange([...hours, hours.length === 0 ? { from: '22:00', to: '06:00' } : { from: '12:00', to: '13:00' }])
            }
          >
            {t('job.quiet.add')}
          </Button>
        </div>
      )}
    </fieldset>
  )
}
