import { Button } from '@mantine/core'
import type { HealthAnswer } from '../../../../engine/contract/health.ts'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { Checks } from './Checks.tsx'
import { Damage } from './Damage.tsx'
import { Question } from './Question.tsx'
import { verdictOf } from './remedies.ts'
import './health.css'

export function HealthScreen() {
  const { t } = useSpeech()
  const { value, error, again } = useQuery('health.get', {}, useHealthStamp())
  return (
    <Page title={t('health.title')}>
      <ErrorNote
        error={error}
        actions={
          <Button size="xs" variant="default" onClick={again}>
            {t('action.tryAgain')}
          </Button>
        }
      />
      {value && (
        <>
          <Summary answers={value.answers} />
          <Damage />
          <Card title={t('health.checklist')}>
            <ul className="hf-plain-list hf-questions">
              {value.answers.map(answer => (
                <Question key={answer.question} answer={answer} />
              ))}
            </ul>
          </Card>
        </>
      )}
      <Checks />
    </Page>
  )
}

/** Changes with everything that an answer may depend on. */
function useHealthStamp(): string {
  return useHouse(house =>
    JSON.stringify([
      house.running?.map(({ id }) => id),
      house.ended[0]?.id,
      house.library?.map(({ destination, damaged, refreshedAt }) => [destination, damaged, refreshedAt]),
      house.destinations?.map(({ destination, sheetSavedAt }) => [destination.id, sheetSavedAt]),
      house.jobs?.map(({ job }) => [job.id, job.destinations]),
    ]),
  )
}

function Summary({ answers }: { answers: readonly HealthAnswer[] }) {
  const { t } = useSpeech()
  const verdict = verdictOf(answers)
  switch (verdict.kind) {
    case 'nothing':
      return (
        <Note
          tone="none"
          actions={
            <Button component="a" size="xs" href={hrefOf('wizard')}>
              {t('action.setUp')}
            </Button>
          }
        >
          {t('health.nothing')}
        </Note>
      )
    case 'good':
      return <Note tone="protected" title={t('health.allGood')} />
    case 'open':
      return <Note tone="attention" title={t('health.open', { count: verdict.count })} />
    case 'bad':
      return <Note tone="danger" title={t('health.bad', { count: verdict.count })} />
  }
}
