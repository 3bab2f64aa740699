import { Button } from '@mantine/core'
import { useState } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import type { KeyInfo } from '../../../../engine/contract/models.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall, useQuery } from '../../state/calls.ts'
import { useNow } from '../../state/context.ts'

/** Every passphrase and sheet that opens a destination. Asked for only when somebody wants to see it: the drive must be there. */
export function KeyList({ view, stamp }: { view: DestinationView; stamp: number }) {
  const { t, format } = useSpeech()
  const now = useNow()
  const { id, name } = view.destination
  const [isShown, setIsShown] = useState(false)
  const [doomed, setDoomed] = useState<KeyInfo | null>(null)
  const list = useQuery('keys.list', isShown ? { destination: id } : null, stamp)
  const remove = useCall('keys.remove')
  if (!isShown) {
    return (
      <div>
        <Button size="xs" variant="subtle" onClick={() => setIsShown(true)}>
          {t('destinations.keys.show')}
        </Button>
      </div>
    )
  }
  const removeNow = async () => {
    if (!doomed || !(await remove.call({ destination: id, key: doomed.id }))) return
    setDoomed(null)
    list.again()
  }
  const keys = list.value?.keys ?? []
  return (
    <>
      <ErrorNote
        error={list.error}
        actions={
          <Button size="xs" variant="default" onClick={list.again}>
            {t('action.tryAgain')}
          </Button>
        }
      />
      {keys.length > 0 && (
        <table className="hf-table">
          <thead>
            <tr>
              <th scope="col">{t('destinations.keys.kind')}</th>
              <th scope="col">{t('destinations.keys.made')}</th>
              <th scope="col">{t('destinations.keys.note')}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {keys.map(key => {
              const kind = t(`destinations.keys.${key.kind}`)
              return (
                <tr key={key.id}>
                  <td>{kind}</td>
                  <td>
                    <When at={key.createdAt} />
                  </td>
                  <td>{key.label}</td>
                  <td className="hf-number">
                    {keys.length > 1 && (
                      <Button
                        size="compact-xs"
                        variant="subtle"
                        color="red"
                        aria-label={t('destinations.keys.removeOf', { kind, when: format.when(key.createdAt, now) })}
                        onClick={() => {
                          remove.clear()
                          setDoomed(key)
                        }}
                      >
                        {t('destinations.keys.remove')}
                      </Button>
                    )}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
      <ConfirmDialog
        opened={doomed !== null}
        dangerous
        title={t('destinations.keys.removeTitle', { kind: doomed ? t(`destinations.keys.${doomed.kind}`) : '' })}
        confirm={t('destinations.keys.removeConfirm')}
        cancel={t('destinations.keys.keep')}
        busy={remove.busy}
        error={remove.error}
        onConfirm={() => void removeNow()}
        onCancel={() => setDoomed(null)}
      >
        {doomed && t('destinations.keys.removeText', { name, when: format.when(doomed.createdAt, now) })}
      </ConfirmDialog>
    </>
  )
}
