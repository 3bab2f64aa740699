import { Button, TextInput } from '@mantine/core'
import { useRef, useState } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { elsewhereKindOf } from './Login.tsx'
import { areHours, draftOfLimits, type HoursDraft, isRate, limitsOf, mostHours, newHours } from './limitsDraft.ts'

/** How much of the network a destination may use, also by the time of day. */
export function Limits({ view }: { view: DestinationView }) {
  const { t } = useSpeech()
  const { destination } = view
  const edit = useCall('destinations.edit')
  const [draft, setDraft] = useState(() => draftOfLimits(destination.limits))
  const [isSaved, setIsSaved] = useState(false)
  /** Hours were added by hand: their first field is what is wanted next. */
  const isAdded = useRef(false)
  if (!elsewhereKindOf(view)) return null
  const limits = limitsOf(draft)
  const isNew = JSON.stringify(draft) !== JSON.stringify(draftOfLimits(destination.limits))
  const change = (changes: Partial<typeof draft>) => {
    setIsSaved(false)
    setDraft(before => ({ ...before, ...changes }))
  }
  const changeHours = (n: number, changes: Partial<HoursDraft>) =>
    change({ hours: draft.hours.map((hours, i) => (i === n ? { ...hours, ...changes } : hours)) })
  const save = async () => {
    if (limits === undefined) return
    setIsSaved((await edit.call({ destination: destination.id, limits })) !== undefined)
  }
  const rateField = (label: string, value: string, onChange: (text: string) => void) => (
    <TextInput
      className="hf-grow"
      label={label}
      inputMode="numeric"
      maxLength={10}
      value={value}
      error={!isRate(value)}
      onChange={event => onChange(event.currentTarget.value)}
    />
  )
  return (
    <Card title={t('elsewhere.limits')}>
      <form
        className="hf-fields hf-limits"
        onSubmit={event => {
          event.preventDefault()
          void save()
        }}
      >
        <p className="hf-quiet hf-destination-text">{t('elsewhere.limits.text')}</p>
        <div className="hf-row hf-narrow">
          {rateField(t('elsewhere.limits.write'), draft.write, write => change({ write }))}
          {rateField(t('elsewhere.limits.read'), draft.read, read => change({ read }))}
        </div>
        {draft.hours.map((hours, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: hours have nothing but their place
          <fieldset key={n} className="hf-limited-hours">
            <legend className="hf-quiet hf-small">{t('elsewhere.limits.hours')}</legend>
            <div className="hf-row">
              {(['from', 'to'] as const).map(end => (
                <TextInput
                  key={end}
                  type="time"
                  {...(end === 'from' && n === draft.hours.length - 1 && { autoFocus: isAdded.current })}
                  label={t(`elsewhere.limits.${end}`)}
                  value={hours[end]}
                  error={!areHours(hours)}
                  onChange={event => changeHours(n, { [end]: event.currentTarget.value })}
                />
              ))}
              {rateField(t('elsewhere.limits.write'), hours.write, write => changeHours(n, { write }))}
              {rateField(t('elsewhere.limits.read'), hours.read, read => changeHours(n, { read }))}
              <Button
                variant="default"
                aria-label={t('elsewhere.limits.remove', { from: hours.from, to: hours.to })}
                onClick={() => change({ hours: draft.hours.filter((_, i) => i !== n) })}
              >
                ×
              </Button>
            </div>
          </fieldset>
        ))}
        <div className="hf-row">
          <Button type="submit" variant="default" disabled={!isNew || limits === undefined} loading={edit.busy}>
            {t('action.save')}
          </Button>
          <Button
            variant="subtle"
            disabled={draft.hours.length >= mostHours}
            onClick={() => {
              isAdded.current = true
              change({ hours: [...draft.hours, newHours] })
            }}
          >
            {t('elsewhere.limits.add')}
          </Button>
        </div>
        <div aria-live="polite">{isSaved && !isNew && <Note tone="protected">{t('elsewhere.limits.saved')}</Note>}</div>
        <ErrorNote error={edit.error} />
      </form>
    </Card>
  )
}
