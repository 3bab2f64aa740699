import { Button, Checkbox } from '@mantine/core'
import { useState } from 'react'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'

/** Which jobs are to store at a new destination, too. All, unless somebody says otherwise. */
export function UseForJobs({ destination, onEnd }: { destination: string; onEnd(): void }) {
  const { t } = useSpeech()
  const jobs = useHouse(house => house.jobs) ?? []
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const edit = useCall('jobs.edit')
  const chosen = jobs.filter(({ job }) => !left.has(job.id) && !job.destinations.includes(destination))
  const use = async () => {
    for (const { job } of chosen) {
      if (!(await edit.call({ job: job.id, changes: { destinations: [...job.destinations, destination] } }))) return
    }
    onEnd()
  }
  return (
    <div className="hf-fields">
      <p className="hf-quiet hf-destination-text">{t('destinations.new.useText')}</p>
      {jobs.map(({ job }) => (
        <Checkbox
          key={job.id}
          label={job.name}
          checked={!left.has(job.id)}
          onChange={() => {
            const next = new Set(left)
            if (!next.delete(job.id)) next.add(job.id)
            setLeft(next)
          }}
        />
      ))}
      <ErrorNote error={edit.error} />
      <div className="hf-row">
        <Button disabled={chosen.length === 0} loading={edit.busy} onClick={() => void use()}>
          {t('destinations.new.useDo')}
        </Button>
        <Button variant="default" onClick={onEnd}>
          {t('destinations.new.later')}
        </Button>
      </div>
    </div>
  )
}
