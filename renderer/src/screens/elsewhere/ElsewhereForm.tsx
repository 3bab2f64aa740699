import { Button } from '@mantine/core'
import { useState } from 'react'
import { CloudIcon, type Icon, ServerIcon } from '../../components/icons.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import type { PlaceChoice, PlaceFacts } from '../wizard/draft.ts'
import { type ElsewhereDraft, type ElsewhereKind, elsewhereKinds, emptyElsewhere, questionOf } from './draft.ts'
import { LoginFields } from './LoginFields.tsx'
import { MoreOfBucket, PlaceFields } from './PlaceFields.tsx'
import { type Tested, TestResult } from './TestResult.tsx'

const signs: Record<ElsewhereKind, Icon> = { b2: CloudIcon, s3: CloudIcon, sftp: ServerIcon, rclone: CloudIcon }

interface ElsewhereFormProps {
  /** Which is the chosen place, of all that can be chosen. */
  isChosen: boolean
  /** A place that was tested; `facts` are null until then, and again when anything is changed. */
  onChoose(place: PlaceChoice | null, facts: PlaceFacts | null): void
}

/** A place in a bucket, on a server or in a remote of rclone: chosen once its test went well. */
export function ElsewhereForm({ isChosen, onChoose }: ElsewhereFormProps) {
  const { t } = useSpeech()
  const [draft, setDraft] = useState<ElsewhereDraft | null>(null)
  const [tested, setTested] = useState<Tested | null>(null)
  const test = useCall('places.test')
  const question = draft && questionOf(draft)

  const change = (changes: Partial<ElsewhereDraft>) => {
    setDraft(before => ({ ...(before ?? emptyElsewhere), ...changes }))
    setTested(null)
    test.clear()
    onChoose(null, null)
  }
  const ask = async (acceptHostKey?: string) => {
    if (!question) return
    const asked = { ...question, ...(acceptHostKey !== undefined && { acceptHostKey }) }
    const found = await test.call(asked)
    setTested(found ?? null)
    if (found && found.problem === null) onChoose({ kind: 'elsewhere', ...asked, url: found.url }, factsOf(found))
  }

  return (
    <div className="hf-fields">
      <fieldset className="hf-places">
        <legend className="hf-hidden">{t('elsewhere.title')}</legend>
        {elsewhereKinds.map(kind => {
          const Sign = signs[kind]
          return (
            <label key={kind} className="hf-place">
              <input
                type="radio"
                name="elsewhere"
                checked={draft?.kind === kind}
                onChange={() => change({ ...emptyElsewhere, kind })}
              />
              <Sign size={24} />
              <strong>{t(`elsewhere.kind.${kind}`)}</strong>
              <span className="hf-quiet hf-small">{t(`elsewhere.kind.${kind}.hint`)}</span>
            </label>
          )
        })}
      </fieldset>
      {draft && (
        // biome-ignore lint/a11y/noStaticElementInteractions: not a form, for the step of the wizard around it is one
        <div
          className="hf-fields hf-narrow"
          onKeyDown={event => {
            const { target } = event
            const isField = target instanceof HTMLInputElement && target.getAttribute('aria-haspopup') === null
            if (event.key !== 'Enter' || !isField) return
            event.preventDefault()
            void ask()
          }}
        >
          <PlaceFields draft={draft} change={change} />
          <LoginFields draft={draft} change={change} />
          <MoreOfBucket draft={draft} change={change} />
          <div>
            <Button
              onClick={() => void ask()}
              variant={isChosen ? 'default' : 'filled'}
              disabled={question === null}
              loading={test.busy}
            >
              {t('elsewhere.test')}
            </Button>
          </div>
        </div>
      )}
      <div aria-live="polite">
        {test.busy && <p className="hf-quiet hf-flush">{t('elsewhere.testing')}</p>}
        <ErrorNote error={test.error} />
        {tested && !test.busy && <TestResult tested={tested} onTrust={fingerprint => void ask(fingerprint)} />}
      </div>
    </div>
  )
}

/** As of a place that was looked at; how much room there is, nobody knows. */
const factsOf = ({ state, url, repositoryId, destination }: Tested): PlaceFacts => ({
  ...{ state, path: url, repositoryId, destination, problem: null },
  ...{ freeBytes: null, sizeBytes: null, otherBytes: null, hasOtherFiles: false },
})
