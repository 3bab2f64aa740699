import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { hrefOf } from '../../app/routes.ts'
import { DriveIcon, FolderIcon, type Icon, KeyIcon } from '../../components/icons.tsx'
import { Note } from '../../components/Note.tsx'
import { Card, Page } from '../../components/Page.tsx'
import { RunBadge } from '../../components/StateBadge.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { extractOf } from '../files/wording.ts'
import { usePlaces } from '../versions/places.ts'
import { outcomeOf } from './wording.ts'

const earlierShown = 5
const isRestore = ({ kind }: Run): boolean => kind === 'restore' || kind === 'extract'

/** The ways to get something back, restores under way, and the last ones. */
export function Start() {
  const { t } = useSpeech()
  const library = useHouse(house => house.library)
  const running = useHouse(house => house.running)
  const ended = useHouse(house => house.ended)
  const places = usePlaces()
  const runs = useQuery('runs.list', { limit: 100 }, ended)
  const filled = (library ?? []).filter(({ versions }) => versions > 0)
  const underWay = (running ?? []).filter(isRestore)
  const earlier = (runs.value?.runs ?? [])
    .filter(run => isRestore(run) && run.state !== 'running')
    .slice(0, earlierShown)
  return (
    <Page title={t('restore.title')}>
      {underWay.map(run => (
        <Note
          key={run.id}
          tone="waiting"
          title={t('restore.underWay')}
          actions={
            <Button component="a" size="xs" href={hrefOf('restore', ['run', run.id])}>
              {t('restore.show')}
            </Button>
          }
        >
          <RunText run={run} />
        </Note>
      ))}
      <div className="hfr-ways">
        <Way
          Sign={DriveIcon}
          title={t('restore.disk')}
          action={
            filled.length > 0 && (
              <Button component="a" href={hrefOf('restore', ['disk'])}>
                {t('restore.disk.choose')}
              </Button>
            )
          }
        >
          <p>{t('restore.disk.text')}</p>
          {library !== null && filled.length === 0 && <p>{t('restore.none')}</p>}
          <ul className="hf-plain-list hf-small hf-quiet hf-wrap">
            {filled.map(({ destination, versions }) => (
              <li key={destination}>{t('restore.from', { count: versions, destination: places.name(destination) })}</li>
            ))}
          </ul>
        </Way>
        <Way
          Sign={FolderIcon}
          title={t('files.restoreWay')}
          action={
            filled.length > 0 && (
              <Button component="a" href={hrefOf('files')}>
                {t('files.browse')}
              </Button>
            )
          }
        >
          <p>{t('files.restoreWay.text')}</p>
        </Way>
        <Way
          Sign={KeyIcon}
          title={t('restore.other')}
          action={
            <Button component="a" variant="default" href={hrefOf('restore', ['other'])}>
              {t('restore.other.choose')}
            </Button>
          }
        >
          <p>{t('restore.other.text')}</p>
        </Way>
      </div>
      {earlier.length > 0 && (
        <Card title={t('restore.earlier')}>
          <ul className="hf-plain-list hfr-earlier">
            {earlier.map(run => (
              <li key={run.id}>
                <RunBadge state={run.state} />
                <a className="hf-wrap hfv-link" href={hrefOf('restore', ['run', run.id])}>
                  <RunText run={run} />
                </a>
                <span className="hf-quiet hf-small">
                  <When at={run.finishedAt ?? run.startedAt} />
                </span>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </Page>
  )
}

function RunText({ run }: { run: Run }) {
  const { t, format } = useSpeech()
  const outcome = outcomeOf(run) ?? extractOf(run)
  if (!outcome) return <>{run.jobName}</>
  const { versionName: name, versionDate, target } = outcome
  return <>{t('restore.run.to', { name, when: format.day(versionDate), target })}</>
}

function Way(props: { Sign: Icon; title: string; children: ReactNode; action: ReactNode }) {
  return (
    <Card
      title={
        <span className="hfr-way-title">
          <props.Sign />
          {props.title}
        </span>
      }
    >
      <div className="hfr-way">
        {props.children}
        <div className="hfr-way-action">{props.action}</div>
      </div>
    </Card>
  )
}
