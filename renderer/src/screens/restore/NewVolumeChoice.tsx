import { Radio, TextInput } from '@mantine/core'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { TargetWish } from './wish.ts'
import { isVolumeName, type TargetGroup } from './wording.ts'

export interface NewVolumeChoiceProps {
  groups: readonly TargetGroup[]
  wish: TargetWish
  /** Of all targets, so that choosing one takes back the other. */
  name: string
  onWish(wish: TargetWish): void
}

/** A volume that does not exist yet, in a volume group or a thin pool; those without room stand below with the reason. */
export function NewVolumeChoice({ groups, wish, name, onWish }: NewVolumeChoiceProps) {
  const { t, format } = useSpeech()
  const isChosen = wish.kind === 'newVolume'
  const places = groups.flatMap(group => [
    { group: group.name, thinPool: null, freeBytes: group.freeBytes, refusal: group.refusal },
    ...group.pools.map(pool => ({ ...pool, group: group.name, thinPool: pool.name })),
  ])
  const usable = places.filter(({ refusal }) => refusal === null)
  const refused = places.filter(({ refusal }) => refusal !== null)
  const titleOf = ({ group, thinPool, freeBytes }: (typeof places)[number]) => {
    const words = { group, pool: thinPool ?? '', free: format.bytes(freeBytes) }
    return thinPool === null ? t('restore.target.inGroup', words) : t('restore.target.inPool', words)
  }
  if (places.length === 0) return null
  return (
    <Card>
      <Radio
        name={name}
        value="newVolume"
        checked={isChosen}
        disabled={usable.length === 0}
        label={<strong>{t('restore.target.newVolume')}</strong>}
        description={t('restore.target.newVolumeHint')}
        onChange={() => {
          const [first] = usable
          if (first) onWish({ ...wish, kind: 'newVolume', group: first.group, thinPool: first.thinPool })
        }}
      />
      {isChosen && (
        <div className="hfr-file">
          <div className="hfr-targets" role="radiogroup" aria-label={t('restore.target.volumePlace')}>
            {usable.map(place => (
              <Radio
                key={`${place.group}/${place.thinPool ?? ''}`}
                name={`${name}-place`}
                value={`${place.group}/${place.thinPool ?? ''}`}
                checked={wish.group === place.group && wish.thinPool === place.thinPool}
                label={<span className="hf-wrap">{titleOf(place)}</span>}
                onChange={() => onWish({ ...wish, group: place.group, thinPool: place.thinPool })}
              />
            ))}
          </div>
          <TextInput
            label={t('restore.target.volumeName')}
            value={wish.volumeName}
            autoComplete="off"
            spellCheck={false}
            error={!isVolumeName(wish.volumeName) && t('restore.target.badVolumeName')}
            onChange={event => onWish({ ...wish, volumeName: event.currentTarget.value })}
          />
        </div>
      )}
      {refused.length > 0 && (
        <ul className="hf-plain-list hfr-refused">
          {refused.map(place => (
            <li key={`${place.group}/${place.thinPool ?? ''}`}>
              <span className="hf-wrap">{titleOf(place)}</span>
              {place.refusal && (
                <span className="hfr-reason" title={`${place.refusal.message} ${place.refusal.advice}`}>
                  {t(`error.${place.refusal.code}`)}
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
