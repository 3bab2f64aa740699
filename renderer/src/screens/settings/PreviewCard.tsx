import { Button } from '@mantine/core'
import type { JobView } from '../../../../engine/contract/helperContract.ts'
import type { JobPreview, PreviewedDestination } from '../../../../engine/contract/jobPreview.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { DestinationBadge } from '../../components/StateBadge.tsx'
import { Bytes } from '../../components/values.tsx'
import { retentionWords } from '../../i18n/told.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useNow } from '../../state/context.ts'

/** A dry run on request. */
export function PreviewCard({ view }: { view: JobView }) {
  const { t } = useSpeech()
  const preview = useCall('jobs.preview')
  return (
    <Card title={t('job.preview')}>
      <p className="hf-quiet hf-settings-text">
        {t('job.preview.text')} {t('job.preview.saved')}
      </p>
      <Button
        size="xs"
        variant="default"
        loading={preview.busy}
        onClick={() => void preview.call({ job: view.job.id })}
      >
        {t('job.preview.do')}
      </Button>
      <div aria-live="polite">
        <ErrorNote error={preview.error} />
        {preview.value && !preview.busy && <Preview preview={preview.value} />}
      </div>
    </Card>
  )
}

function Preview({ preview }: { preview: JobPreview }) {
  const { t } = useSpeech()
  return (
    <div className="hf-preview">
      <table className="hf-table">
        <thead>
          <tr>
            <th scope="col">{t('job.preview.source')}</th>
            <th scope="col" className="hf-number">
              {t('job.preview.size')}
            </th>
            <th scope="col">{t('job.preview.method')}</th>
          </tr>
        </thead>
        <tbody>
          {preview.sources.map(source => (
            <tr key={source.source}>
              <td>
                {source.source}
                <div className="hf-quiet">{source.path}</div>
              </td>
              <td className="hf-number">{source.sizeBytes === null ? '–' : <Bytes value={source.sizeBytes} />}</td>
              <td>
                {!source.present
                  ? t('job.preview.absent')
                  : source.method === null
                    ? '–'
                    : t(`job.preview.method.${source.method}`)}
                <ErrorNote error={source.error} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {preview.destinations.map(destination => (
        <Destination key={destination.destination} destination={destination} />
      ))}
      {preview.hooks.length > 0 && (
        <ul className="hf-settings-hooks">
          {preview.hooks.map(({ moment, hook, problem }) => (
            <li key={moment}>
              {t('job.preview.hook', { moment: t(`job.hook.${moment}`), hook })}
              {problem !== null && <div className="hf-field-error">{problem}</div>}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function Destination({ destination }: { destination: PreviewedDestination }) {
  const { t, format } = useSpeech()
  const now = useNow()
  return (
    <section>
      <h3 className="hf-preview-head">
        <span className="hf-wrap">{destination.destinationName}</span>
        <DestinationBadge state={destination.state} />
      </h3>
      <ErrorNote error={destination.error} />
      <ul className="hf-settings-hooks">
        {destination.wouldMount && <li>{t('job.preview.mount')}</li>}
        {destination.sources.map(({ source, newest, removes, error }) => (
          <li key={source}>
            {newest === null
              ? t('job.preview.first', { source })
              : t('job.preview.newest', { source, when: format.when(newest.date, now) })}
            {removes.length > 0 && (
              <details>
                <summary>{t('job.preview.removes', { source, count: removes.length })}</summary>
                <ul>
                  {removes.map(({ version, date, reason }) => (
                    <li key={version}>
                      {format.when(date, now)}: {retentionWords(t, reason)}
                    </li>
                  ))}
                </ul>
              </details>
            )}
            <ErrorNote error={error} />
          </li>
        ))}
        {destination.prune && <li>{t('job.preview.prune')}</li>}
        {destination.scrubPercent !== null && (
          <li>{t('job.preview.scrub', { percent: format.percent(destination.scrubPercent / 100) })}</li>
        )}
      </ul>
    </section>
  )
}
