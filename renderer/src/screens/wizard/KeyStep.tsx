import { Button } from '@mantine/core'
import { useState } from 'react'
import { Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import { CreateKey } from './CreateKey.tsx'
import type { ChosenDestination, Made } from './draft.ts'
import { OpenKey } from './OpenKey.tsx'
import { RecoverySheet } from './RecoverySheet.tsx'
import { UnlockKey } from './UnlockKey.tsx'
import type { StepProps } from './WhatStep.tsx'
import { WizardFrame } from './WizardFrame.tsx'

export interface KeyStepProps extends StepProps {
  made: Made | null
  setMade(made: Made): void
  onBack(): void
  /** One more place is to be chosen. */
  onAnother(): void
}

/** Makes, opens or unlocks the destination, whichever the chosen place needs. At its end the destination is there. */
export function KeyStep(props: KeyStepProps) {
  const { draft, made, setMade, change, onNext } = props
  const { destination, place, facts } = draft
  if (made && destination?.id === made.destination.id) {
    const check = () => setMade({ ...made, isSheetChecked: true })
    if (made.isSheetChecked) return <Kept {...props} destination={made.destination} />
    return <RecoverySheet made={made} onChecked={check} onNext={onNext} />
  }
  if (destination) return <Known {...props} destination={destination} />
  if (!place || !facts) return null
  const taken = (created: ChosenDestination) => change({ destination: created })
  const shared = { place, facts, devices: props.inventory.devices, onBack: props.onBack }
  if (facts.state === 'repository') return <OpenKey {...shared} onOpened={taken} />
  return (
    <CreateKey
      {...shared}
      onCreated={(created, phrase) => {
        setMade({ destination: created, phrase, isSheetChecked: false })
        taken(created)
      }}
    />
  )
}

type OfDestination = KeyStepProps & { destination: ChosenDestination }

/** One that is set up already: its key is here, or is asked for. */
function Known(props: OfDestination) {
  const view = useHouse(house => house.destinations?.find(one => one.destination.id === props.destination.id))
  const [isUnlocked, setIsUnlocked] = useState(false)
  if (!view || view.protection !== null || isUnlocked) return <Kept {...props} />
  return <UnlockKey destination={props.destination} onBack={props.onBack} onUnlocked={() => setIsUnlocked(true)} />
}

function Kept({ destination, onNext, onBack, onAnother }: OfDestination) {
  const { t } = useSpeech()
  return (
    <WizardFrame step="key" onNext={onNext} onBack={onBack}>
      <Note
        tone="protected"
        actions={
          <Button size="xs" variant="default" onClick={onAnother}>
            {t('elsewhere.another')}
          </Button>
        }
      >
        {t('wizard.key.kept', { name: destination.name })} {t('elsewhere.another.text')}
      </Note>
    </WizardFrame>
  )
}
