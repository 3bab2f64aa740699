import { useEffect, useState } from 'react'
import type { DriveDevice, DriveInventory } from '../../../../engine/contract/drives.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { type Draft, emptyDraft, forAnother, freeName, type Made, preselect, type Step, steps } from './draft.ts'
import { KeyStep } from './KeyStep.tsx'
import { ReviewStep } from './ReviewStep.tsx'
import { WhatStep } from './WhatStep.tsx'
import { WhenStep } from './WhenStep.tsx'
import { WhereStep } from './WhereStep.tsx'
import './wizard.css'

const nothing: DriveInventory = { devices: [] }

/** Sets up a backup in five steps. The destination is made at the end of the third, the job at the end of the last. */
export function WizardScreen() {
  const { t } = useSpeech()
  const inventory = useHouse(house => house.inventory) ?? nothing
  const jobs = useHouse(house => house.jobs) ?? []
  const { value: usage } = useQuery('sources.usage', {}, inventory.devices.length)
  const [step, setStep] = useState<Step>('what')
  const [draft, setDraft] = useState<Draft>(() => ({
    ...emptyDraft,
    name: freeName(
      t('wizard.review.defaultName'),
      jobs.map(({ job }) => job.name),
    ),
  }))
  const [made, setMade] = useState<Made | null>(null)

  // Chosen once, as soon as there are disks to choose from; what comes later is for the person to choose.
  useEffect(() => {
    if (inventory.devices.length === 0) return
    setDraft(before => (before.disks === null ? { ...before, ...preselect(inventory) } : before))
  }, [inventory])

  const props = {
    draft,
    inventory,
    change: (changes: Partial<Draft>) => setDraft(before => ({ ...before, ...changes })),
    usedOf: (device: DriveDevice) => usage?.usages.find(one => one.device === device.id)?.usedBytes,
    onNext: () => setStep(steps[steps.indexOf(step) + 1] ?? step),
    onBack: () => setStep(steps[steps.indexOf(step) - 1] ?? step),
  }
  const another = () => {
    setDraft(before => ({ ...before, ...forAnother(before) }))
    setStep('where')
  }
  switch (step) {
    case 'what':
      return <WhatStep {...props} />
    case 'where':
      return <WhereStep {...props} onNoOther={() => setStep('when')} />
    case 'key':
      return <KeyStep {...props} made={made} setMade={setMade} onAnother={another} />
    case 'when':
      return <WhenStep {...props} />
    case 'review':
      return <ReviewStep {...props} onAnother={another} />
  }
}
