import { Checkbox, Slider, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import type { EditorProps } from './editorProps.ts'
import { KeptPicture } from './KeptPicture.tsx'
import { levelOfPolicy, levels, policyOfLevel } from './retentionLevels.ts'

/** How long somebody may pause between two keys before what is written is looked at, in milliseconds. */
const typingMs = 400

/** What is kept: four steps, or a rule; with a picture of what stays, and what would go. */
export function RetentionCard({ draft, change, view }: EditorProps) {
  const { t } = useSpeech()
  const policy = draft.retention
  const level = levelOfPolicy(policy)
  const [isCustom, setIsCustom] = useState(level === null)
  const [asked] = useDebouncedValue(policy === '' ? null : policy, typingMs)
  const picture = useQuery('retention.preview', asked === null ? null : { policy: asked })
  const real = useQuery('retention.preview', asked === null ? null : { policy: asked, job: view.job.id })
  const removed = real.value?.decisions.filter(({ keep }) => !keep).length ?? 0
  return (
    <Card title={t('job.keep')}>
      <div className="hf-fields">
        {!isCustom && (
          <>
            <div className="hf-settings-slider">
              <Slider
                aria-label={t('job.keep.slider')}
                thumbLabel={t('job.keep.slider')}
                thumbProps={{ 'aria-valuetext': t(`job.keep.${level ?? 'some'}`) }}
                min={0}
                max={levels.length - 1}
                step={1}
                label={null}
                value={levels.indexOf(level ?? 'some')}
                marks={levels.map((one, value) => ({ value, label: t(`job.keep.${one}`) }))}
                onChange={value => change({ retention: policyOfLevel[levels[value]!] })}
              />
            </div>
            <p className="hf-settings-text" aria-live="polite">
              {t(`job.keep.${level ?? 'some'}.text`)}
            </p>
          </>
        )}
        <Checkbox
          label={t('job.keep.custom')}
          checked={isCustom}
          onChange={event => {
            setIsCustom(event.currentTarget.checked)
            if (event.currentTarget.checked) change({ retention: policy ?? policyOfLevel.some })
            else if (level === null) change({ retention: policyOfLevel.some })
          }}
        />
        {isCustom && (
          <TextInput
            label={t('job.keep.rule')}
            description={t('job.keep.ruleHelp')}
            spellCheck={false}
            value={policy ?? ''}
            onChange={event => change({ retention: event.currentTarget.value })}
          />
        )}
        <ErrorNote error={picture.error} />
        {policy !== null && picture.value && <KeptPicture decisions={picture.value.decisions} />}
        {policy !== null && real.value && real.value.decisions.length > 0 && (
          <p className="hf-settings-text">
            {t('job.keep.removes', { count: removed, total: real.value.decisions.length })}
          </p>
        )}
        <p className="hf-quiet hf-small hf-settings-text">{t('job.keep.protected')}</p>
      </div>
    </Card>
  )
}
