import { Checkbox } from '@mantine/core'
import type { HowBackedUp } from '../../../../engine/contract/backupWays.ts'
import type { DriveDevice } from '../../../../engine/contract/drives.ts'
import { Note } from '../../components/Note.tsx'
import { whyText } from '../../components/wayText.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { deviceTitle } from '../../state/diskTree.ts'
import type { Draft } from './draft.ts'

export interface InUseProps {
  draft: Draft
  change(changes: Partial<Draft>): void
  /** What is chosen and can only be read while it is in use. */
  devices: readonly DriveDevice[]
  wayOf(device: DriveDevice): HowBackedUp
}

/** What could be better of the chosen devices, with what to do about it; to be agreed to before the next step. */
export function InUse({ draft, change, devices, wayOf }: InUseProps) {
  const { t } = useSpeech()
  if (devices.length === 0) return null
  const isAgreed = devices.every(({ id }) => draft.readInUse.includes(id))
  // Several volumes of one group have one reason; it is said once.
  const reasons = Map.groupBy(devices, device => JSON.stringify([wayOf(device).why, wayOf(device).choices]))
  return (
    <Note tone="attention" title={t('wizard.what.inUse')}>
      <div>{t('wizard.what.inUseText')}</div>
      <ul className="hf-in-use">
        {[...reasons.values()].map(alike => {
          const way = wayOf(alike[0]!)
          return (
            <li key={alike[0]!.id}>
              <div className="hf-wrap">
                <strong>{alike.map(deviceTitle).join(', ')}</strong>: {whyText(t, way)}
              </div>
              <ul className="hf-quiet hf-small">
                {way.choices
                  .filter(choice => choice !== 'read-in-use')
                  .map(choice => (
                    <li key={choice}>{t(`way.choice.${choice}`)}</li>
                  ))}
              </ul>
            </li>
          )
        })}
      </ul>
      <Checkbox
        label={t('wizard.what.readInUse')}
        description={t('wizard.what.readInUseHint')}
        checked={isAgreed}
        onChange={event => change({ readInUse: event.currentTarget.checked ? devices.map(({ id }) => id) : [] })}
      />
    </Note>
  )
}
