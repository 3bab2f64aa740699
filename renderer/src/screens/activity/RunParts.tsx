import type { Run } from '../../../../engine/contract/jobs.ts'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { RunBadge, StateBadge } from '../../components/StateBadge.tsx'
import { Bytes, Duration } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'

/** Each source of a backup, with what was read, changed and stored. */
export function RunParts({ run }: { run: Run }) {
  const { t } = useSpeech()
  if (run.parts.length === 0) return null
  // What failed as a whole is said once, above.
  const own = run.parts.filter(part => part.error !== null && part.error.message !== run.error?.message)
  return (
    <Card title={t('activity.parts')}>
      <div className="hf-scroll">
        <table className="hf-table">
          <thead>
            <tr>
              <th scope="col">{t('activity.part.source')}</th>
              <th scope="col">{t('activity.column.state')}</th>
              {(['read', 'new', 'stored'] as const).map(key => (
                <th key={key} scope="col" className="hf-number">
                  {t(`activity.part.${key}`)}
                </th>
              ))}
              <th scope="col" className="hf-number">
                {t('activity.column.duration')}
              </th>
            </tr>
          </thead>
          <tbody>
            {run.parts.map(part => (
              <tr key={part.source}>
                <td>
                  {part.version === null ? (
                    part.source
                  ) : (
                    <a
                      href={hrefOf('versions', [run.destination, part.version])}
                      aria-label={t('activity.part.version', { name: part.source })}
                    >
                      {part.source}
                    </a>
                  )}
                </td>
                <td>
                  {part.state === 'waiting' ? (
                    <StateBadge state="waiting" label={t('activity.part.waiting')} />
                  ) : (
                    <RunBadge state={part.state} />
                  )}
                </td>
                {(['readBytes', 'newBytes', 'storedBytes'] as const).map(key => (
                  <td key={key} className="hf-number">
                    <Bytes value={part[key]} />
                  </td>
                ))}
                <td className="hf-number">
                  <Duration ms={part.durationMs} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {own.map(part => (
        <div key={part.source}>
          <h3 className="hf-wrap">{part.source}</h3>
          <ErrorNote error={part.error} />
        </div>
      ))}
      {run.parts
        .filter(({ warnings }) => warnings.length > 0)
        .map(part => (
          <div key={part.source} className="hf-small">
            <h3 className="hf-wrap">{part.source}</h3>
            <ul className="hf-activity-remarks">
              {part.warnings.map(text => (
                <li key={text} className="hf-wrap">
                  {text}
                </li>
              ))}
            </ul>
          </div>
        ))}
    </Card>
  )
}
