import { Button } from '@mantine/core'
import type { LibrarySummary } from '../../../../engine/contract/library.ts'
import { hrefOf } from '../../app/routes.ts'
import { DamageText } from '../../components/DamageText.tsx'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { Bytes, When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { useLastChecks } from './useLastChecks.ts'

const versionsAsked = 1000
const shownFindings = 5

/** What is damaged, what it affects, and how it heals. Nothing while nothing is. */
export function Damage() {
  const library = useHouse(house => house.library) ?? []
  return library
    .filter(({ damaged }) => damaged > 0)
    .map(summary => <DamageOf key={summary.destination} summary={summary} />)
}

function DamageOf({ summary }: { summary: LibrarySummary }) {
  const { t } = useSpeech()
  const { destination, damaged } = summary
  const places = useHouse(house => house.destinations) ?? []
  const library = useHouse(house => house.library) ?? []
  const check = useLastChecks()(destination)
  const { value, error } = useQuery('versions.list', { destination, limit: versionsAsked }, JSON.stringify(summary))
  const nameOf = (id: string) => places.find(view => view.destination.id === id)?.destination.name ?? id
  const affected = (value?.versions ?? []).filter(({ status }) => status === 'damaged')
  const others = library.filter(one => one.destination !== destination && one.versions > one.damaged)
  const findings = check?.outcome?.kind === 'scrub' ? check.outcome : null
  return (
    <Card title={t('health.damage')}>
      <div className="hf-damage">
        <Note tone="danger" title={t('health.damage.versions', { count: damaged, destination: nameOf(destination) })}>
          <p>{t('health.damage.heals')}</p>
          <p>{t('health.damage.isolate')}</p>
        </Note>
        <ErrorNote error={error} />
        {affected.length > 0 && (
          <div className="hf-scroll">
            <table className="hf-table">
              <thead>
                <tr>
                  <th scope="col">{t('health.damage.version')}</th>
                  <th scope="col">{t('health.damage.date')}</th>
                  <th scope="col" className="hf-number">
                    {t('health.damage.size')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {affected.map(version => (
                  <tr key={version.id}>
                    <td>
                      <a href={hrefOf('versions', [destination, version.id])}>{version.name}</a>
                    </td>
                    <td>
                      <When at={version.date} />
                    </td>
                    <td className="hf-number">
                      <Bytes value={version.sizeBytes} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {value?.more && affected.length < damaged && (
          <p className="hf-quiet hf-small">{t('health.damage.more', { count: versionsAsked })}</p>
        )}
        {findings && findings.damaged.length > 0 && (
          <div>
            <h3>{t('health.damage.found')}</h3>
            <ul className="hf-small">
              {findings.damaged.slice(0, shownFindings).map((damage, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: findings have no names of their own and never move
                <li key={i} className="hf-wrap">
                  <DamageText damage={damage} />
                </li>
              ))}
              {findings.damagedCount > shownFindings && check && (
                <li>
                  <a href={hrefOf('activity', [check.id])}>
                    {t('health.damage.foundMore', { count: findings.damagedCount - shownFindings })}
                  </a>
                </li>
              )}
            </ul>
          </div>
        )}
        {others.length > 0 && (
          <div>
            {t('health.damage.other')}{' '}
            {others.map(one => (
              <a
                key={one.destination}
                className="hf-damage-other"
                href={hrefOf('versions', [], { destination: one.destination })}
              >
                {t('health.damage.otherVersions', { destination: nameOf(one.destination) })}
              </a>
            ))}
          </div>
        )}
        <div>
          <Button component="a" size="xs" variant="default" href={hrefOf('restore')}>
            {t('health.damage.restore')}
          </Button>
        </div>
      </div>
    </Card>
  )
}
