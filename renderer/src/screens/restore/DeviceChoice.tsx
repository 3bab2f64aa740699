import { Radio } from '@mantine/core'
import { useMemo } from 'react'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import { deviceTitle } from '../../state/diskTree.ts'
import { deviceText, holdingsText, type Target } from './wording.ts'

export interface DeviceChoiceProps {
  usable: readonly Target[]
  refused: readonly Target[]
  chosen: string | null
  isLoading: boolean
  /** Of all targets, so that choosing one takes back the other. */
  name: string
  onChoose(device: string): void
}

/** Devices to restore onto; those that cannot be used stand below with the reason. None is chosen beforehand. */
export function DeviceChoice({ usable, refused, chosen, isLoading, name, onChoose }: DeviceChoiceProps) {
  const { t, format } = useSpeech()
  const devices = useHouse(house => house.devices)
  const byId = useMemo(() => new Map((devices ?? []).map(device => [device.id, device])), [devices])
  const whereOf = ({ device }: Target): string => {
    const disk = device.drives.find(id => id !== device.id)
    const found = disk === undefined ? undefined : byId.get(disk)
    return found ? t('restore.target.part', { disk: deviceTitle(found) }) : device.path
  }
  return (
    <Card title={t('restore.target.devices')}>
      <p className="hf-quiet hf-small hfv-flush">{t('restore.target.devicesHint')}</p>
      {isLoading && (
        <p className="hf-quiet" role="status">
          {t('restore.target.loading')}
        </p>
      )}
      {!isLoading && usable.length === 0 && <p role="status">{t('restore.target.none')}</p>}
      <div className="hfr-targets" role="radiogroup" aria-label={t('restore.target.devices')}>
        {usable.map(target => (
          <Radio
            key={target.device.id}
            name={name}
            value={target.device.id}
            checked={chosen === target.device.id}
            label={<span className="hf-wrap">{deviceText(t, format, target.device)}</span>}
            description={
              <span className="hf-wrap">
                {whereOf(target)} · {holdingsText(t, format, target.device, byId)}
              </span>
            }
            onChange={() => onChoose(target.device.id)}
          />
        ))}
      </div>
      {refused.length > 0 && (
        <>
          <h3 className="hfr-subhead">{t('restore.target.refused')}</h3>
          <ul className="hf-plain-list hfr-refused">
            {refused.map(target => (
              <li key={target.device.id}>
                <span className="hf-wrap">
                  {deviceText(t, format, target.device)} <span className="hf-small">({whereOf(target)})</span>
                </span>
                {target.refusal && (
                  <span className="hfr-reason" title={`${target.refusal.message} ${target.refusal.advice}`}>
                    {t(`error.${target.refusal.code}`)}
                  </span>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  )
}
