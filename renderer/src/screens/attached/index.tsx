import { Button } from '@mantine/core'
import type { AttachmentView } from '../../../../engine/contract/files.ts'
import { hrefOf } from '../../app/routes.ts'
import type { ScreenProps } from '../../app/screenProps.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { Card, EmptyState, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import { CopyItem } from './CopyItem.tsx'
import { FilesItem } from './FilesItem.tsx'
import { useDetach } from './useDetach.ts'
import '../versions/versions.css'
import './attached.css'

/** '#/attached' lists what of backups is attached or kept aside; '#/attached/<id>' begins with that one. */
export function AttachedScreen({ path: [chosen] }: ScreenProps) {
  const { t } = useSpeech()
  const attachments = useHouse(house => house.attachments)
  const refused = useHouse(house => house.refused.attachments)
  const detach = useDetach()
  const all = (attachments ?? []).toSorted((a, b) => Number(b.id === chosen) - Number(a.id === chosen))
  const files = all.filter(({ kind }) => kind === 'files')
  const copies = all.filter(({ kind }) => kind === 'copy')
  const detachable = all.filter(isDetachable)
  return (
    <Page
      title={t('attached.title')}
      actions={
        detachable.length > 1 && (
          <Button variant="default" size="xs" loading={detach.busy} onClick={() => void detach.all(detachable)}>
            {t('attached.detachAll')}
          </Button>
        )
      }
    >
      <ErrorNote error={refused ?? detach.error} />
      {attachments === null && !refused && (
        <p className="hf-quiet" role="status">
          {t('attached.loading')}
        </p>
      )}
      {attachments?.length === 0 && (
        <EmptyState
          title={t('attached.none')}
          action={
            <Button component="a" variant="default" href={hrefOf('versions')}>
              {t('versions.title')}
            </Button>
          }
        >
          {t('attached.noneText')}
        </EmptyState>
      )}
      {files.length > 0 && (
        <Card title={t('attached.files')}>
          <ul className="hf-plain-list hfa-list">
            {files.map(one => (
              <FilesItem key={one.id} attachment={one} />
            ))}
          </ul>
        </Card>
      )}
      {copies.length > 0 && (
        <Card title={t('attached.copies')}>
          <ul className="hf-plain-list hfa-list">
            {copies.map(one => (
              <CopyItem key={one.id} attachment={one} />
            ))}
          </ul>
        </Card>
      )}
    </Page>
  )
}

const isDetachable = ({ state }: AttachmentView): boolean => state === 'attached'
