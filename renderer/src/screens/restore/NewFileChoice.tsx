import { Radio, TextInput } from '@mantine/core'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { FolderField } from './FolderField.tsx'
import type { TargetWish } from './wish.ts'
import { isFileName } from './wording.ts'

/** A file that does not exist yet, as the target. */
export function NewFileChoice(props: { name: string; wish: TargetWish; onWish(wish: TargetWish): void }) {
  const { name, wish, onWish } = props
  const { t } = useSpeech()
  const isChosen = wish.kind === 'newFile'
  return (
    <Card>
      <Radio
        name={name}
        value="newFile"
        checked={isChosen}
        label={<strong>{t('restore.target.newFile')}</strong>}
        description={t('restore.target.newFileHint')}
        onChange={() => onWish({ ...wish, kind: 'newFile' })}
      />
      {isChosen && (
        <div className="hfr-file">
          <FolderField
            value={wish.folder}
            hint={t('restore.target.folderHint')}
            onChange={folder => onWish({ ...wish, folder })}
          />
          <TextInput
            label={t('restore.target.fileName')}
            value={wish.fileName}
            autoComplete="off"
            spellCheck={false}
            error={!isFileName(wish.fileName) && t('restore.target.badName')}
            onChange={event => onWish({ ...wish, fileName: event.currentTarget.value })}
          />
        </div>
      )}
    </Card>
  )
}
