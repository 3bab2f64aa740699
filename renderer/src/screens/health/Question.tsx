import { Button } from '@mantine/core'
import { useState } from 'react'
import type { HealthAnswer } from '../../../../engine/contract/health.ts'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { StateBadge } from '../../components/StateBadge.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse, useNow } from '../../state/context.ts'
import { isAwaited } from '../../state/protection.ts'
import type { Protection } from '../../theme/tokens.ts'
import { failureOf, remedyOf } from './remedies.ts'

const looks: Record<HealthAnswer['answer'], Protection> = {
  good: 'protected',
  open: 'attention',
  bad: 'danger',
  unknown: 'none',
}

/** A question with its answer, when it was last so, and the one button that changes it. */
export function Question({ answer }: { answer: HealthAnswer }) {
  const { t, format } = useSpeech()
  const now = useNow()
  const jobs = useHouse(house => house.jobs) ?? []
  const destinations = useHouse(house => house.destinations) ?? []
  const { question } = answer
  const isOpen = answer.answer === 'open' || answer.answer === 'bad'
  const names = [
    ...jobs.filter(({ job }) => answer.jobs.includes(job.id)).map(({ job }) => job.name),
    ...destinations
      .filter(({ destination }) => answer.destinations.includes(destination.id))
      .map(({ destination }) => destination.name),
  ]
  const shown = names.length > 6 ? [...names.slice(0, 5), `+${format.number(names.length - 5)}`] : names
  // Without a moment there is something to say only where "never" is the answer: of damage that is when there is none.
  const saysNever = question === 'undamaged' ? answer.answer === 'good' : isOpen
  const never = saysNever ? t(`health.${question}.never`) : null
  const since = answer.at === null ? never : t(`health.${question}.at`, { when: format.when(answer.at, now) })
  return (
    <li className="hf-question">
      <div className="hf-question-words">
        <h3>{t(`health.${question}`)}</h3>
        {since !== null && <div className="hf-quiet hf-small">{since}</div>}
        {isOpen && <div className="hf-small">{t(`health.${question}.do`)}</div>}
        {isOpen && names.length > 0 && (
          <div className="hf-quiet hf-small">{t('health.about', { names: format.list(shown) })}</div>
        )}
        <Way answer={answer} />
      </div>
      <StateBadge state={looks[answer.answer]} label={t(`health.answer.${answer.answer}`)} />
    </li>
  )
}

function Way({ answer }: { answer: HealthAnswer }) {
  const { t } = useSpeech()
  const jobs = useHouse(house => house.jobs) ?? []
  const destinations = useHouse(house => house.destinations) ?? []
  const backup = useCall('jobs.run')
  const scrub = useCall('scrubs.start')
  const [isStarted, setIsStarted] = useState(false)
  const remedy = remedyOf(answer, {
    jobs: jobs.map(({ job }) => job.id),
    destinations: destinations.map(({ destination }) => destination.id),
    failureOf: id => failureOf(jobs.find(({ job }) => job.id === id)?.standings ?? []),
  })
  if (!remedy) return null
  const label = remedy.kind === 'seeCause' ? t('health.seeCause') : t(`health.${answer.question}.button`)
  const look = answer.answer === 'bad' ? 'filled' : 'default'
  if (remedy.kind === 'go' || remedy.kind === 'seeCause') {
    const href =
      remedy.kind === 'go' ? hrefOf(remedy.screen, remedy.path, remedy.query) : hrefOf('activity', [remedy.run])
    return (
      <div>
        <Button component="a" size="xs" variant={look} href={href}>
          {label}
        </Button>
      </div>
    )
  }
  const start = async () => {
    setIsStarted(false)
    if (remedy.kind === 'backUp') {
      for (const job of remedy.jobs) if (!(await backup.call({ job }))) return
    } else {
      for (const destination of remedy.destinations) {
        if (!(await scrub.call({ destination, depth: 'deep' }))) return
      }
    }
    setIsStarted(true)
  }
  const isAway =
    remedy.kind === 'backUp' &&
    jobs.filter(({ job }) => remedy.jobs.includes(job.id)).every(({ standings }) => standings.every(isAwaited))
  return (
    <>
      <div className="hf-question-way">
        <Button size="xs" variant={look} loading={backup.busy || scrub.busy} onClick={() => void start()}>
          {label}
        </Button>
        <span role="status" className="hf-small hf-quiet">
          {isStarted ? t(isAway ? 'health.waits' : 'health.started') : ''}
        </span>
      </div>
      <ErrorNote error={backup.error ?? scrub.error} />
    </>
  )
}
