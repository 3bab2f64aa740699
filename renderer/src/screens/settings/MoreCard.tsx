import { Button, Checkbox, CloseButton, NumberInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import { hookMoments } from '../../../../engine/contract/jobs.ts'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { EditorProps } from './editorProps.ts'
import type { JobDraft } from './jobDraft.ts'

const megabyte = 1_000_000
const mostLabels = 64

/** What few people change. */
export function MoreCard(props: EditorProps) {
  const { t } = useSpeech()
  const { draft, change } = props
  const { limits, upkeep } = draft
  const setLimit = (key: keyof JobDraft['limits'], megabytes: number | null) =>
    change({ limits: { ...limits, [key]: megabytes === null ? null : Math.round(megabytes * megabyte) } })
  const setUpkeep = (changes: Partial<JobDraft['upkeep']>) => change({ upkeep: { ...upkeep, ...changes } })
  const inMegabytes = (bytes: number | null) => (bytes === null ? null : bytes / megabyte)
  return (
    <Card title={t('job.more')}>
      <div className="hf-fields">
        <Checkbox
          label={t('job.usedOnly')}
          description={t('job.usedOnlyText')}
          checked={draft.usedBlocksOnly}
          onChange={event => change({ usedBlocksOnly: event.currentTarget.checked })}
        />
        <Checkbox
          label={t('job.whileInUse')}
          description={t('job.whileInUseText')}
          checked={draft.whileInUse}
          onChange={event => change({ whileInUse: event.currentTarget.checked })}
        />
        <div className="hf-settings-grid">
          {(['read', 'write'] as const).map(key => (
            <OptionalNumber
              key={key}
              label={t(`job.limit.${key}`)}
              empty={t('job.limit.none')}
              value={inMegabytes(limits[key])}
              min={0.1}
              max={100_000}
              onChange={value => setLimit(key, value)}
            />
          ))}
          <OptionalNumber
            label={t('job.prune')}
            empty={t('job.pruneNever')}
            value={upkeep.pruneEveryDays}
            min={1}
            max={365}
            whole
            onChange={pruneEveryDays => setUpkeep({ pruneEveryDays })}
          />
          <OptionalNumber
            label={t('job.scrub')}
            description={t('job.scrubText')}
            empty={t('job.pruneNever')}
            value={upkeep.scrubWithinDays}
            min={1}
            max={365}
            whole
            onChange={scrubWithinDays => setUpkeep({ scrubWithinDays })}
          />
          <OptionalNumber
            label={t('job.verify')}
            description={t('job.verifyText')}
            value={upkeep.verifyPercent}
            min={0}
            max={100}
            onChange={verifyPercent => setUpkeep({ verifyPercent: verifyPercent ?? 0 })}
          />
          <OptionalNumber
            label={t('job.overdue')}
            description={t('job.overdueText')}
            value={draft.overdueAfterHours}
            min={1}
            max={24 * 366}
            onChange={overdueAfterHours => change({ overdueAfterHours })}
          />
        </div>
        <Labels {...props} />
        <Hooks {...props} />
      </div>
    </Card>
  )
}

interface OptionalNumberProps {
  label: string
  description?: string
  /** What an empty field means. */
  empty?: string
  value: number | null
  min: number
  max: number
  whole?: boolean
  onChange(value: number | null): void
}

/**
 * A number, or nothing. What is half written ("0.") is left to be written on, and what lies outside is put to the nearest that can
 * be when the field is left.
 */
function OptionalNumber({ label, description, empty, value, min, max, whole = false, onChange }: OptionalNumberProps) {
  const [text, setText] = useState<number | string>(value ?? '')
  const [told, setTold] = useState(value)
  // Changed from outside: undone, or saved by another window.
  if (value !== told) {
    setTold(value)
    setText(value ?? '')
  }
  const write = (given: number | string) => {
    setText(given)
    const isNumber = typeof given === 'number' && given >= min && given <= max
    if (given !== '' && !isNumber) return
    const next = isNumber ? given : null
    setTold(next)
    onChange(next)
  }
  return (
    <NumberInput
      label={label}
      description={description}
      placeholder={empty}
      value={text}
      min={min}
      max={max}
      allowNegative={false}
      allowDecimal={!whole}
      onChange={write}
    />
  )
}

function Labels({ draft, change }: EditorProps) {
  const { t } = useSpeech()
  const { labels } = draft
  const keys = labels.map(([key]) => key)
  const set = (i: number, pair: readonly [string, string]) =>
    change({ labels: labels.map((one, n) => (n === i ? pair : one)) })
  return (
    <fieldset className="hf-settings-set">
      <legend>{t('job.labels')}</legend>
      <span className="hf-quiet hf-small">{t('job.labels.text')}</span>
      {labels.map(([key, value], i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the label changes while one types, and rows do not move
        <div key={i} className="hf-row">
          <TextInput
            label={t('job.labels.key')}
            value={key}
            maxLength={100}
            error={key !== '' && keys.indexOf(key) !== i ? t('job.labels.twice') : null}
            onChange={event => set(i, [event.currentTarget.value, value])}
          />
          <TextInput
            className="hf-grow"
            label={t('job.labels.value')}
            value={value}
            maxLength={1000}
            onChange={event => set(i, [key, event.currentTarget.value])}
          />
          <CloseButton
            size="lg"
            aria-label={t('job.labels.remove', { name: key })}
            onClick={() => change({ labels: labels.filter((_, n) => n !== i) })}
          />
        </div>
      ))}
      {labels.length < mostLabels && (
        <div>
          <Button size="xs" variant="default" onClick={() => change({ labels: [...labels, ['', '']] })}>
            {t('job.labels.add')}
          </Button>
        </div>
      )}
    </fieldset>
  )
}

/** Shown and not changed: only root decides which programs run as root. */
function Hooks({ view }: EditorProps) {
  const { t } = useSpeech()
  const { hooks } = view.job
  const set = hookMoments.filter(moment => hooks[moment] !== undefined)
  return (
    <div>
      <h3>{t('job.hooks')}</h3>
      <p className="hf-quiet hf-small hf-settings-text">{t('job.hooks.text')}</p>
      {set.length === 0 ? (
        <p className="hf-settings-text">{t('job.hooks.none')}</p>
      ) : (
        <ul className="hf-settings-hooks">
          {set.map(moment => (
            <li key={moment}>
              {t(`job.hook.${moment}`)}: <code>{hooks[moment]}</code>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
