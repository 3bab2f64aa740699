import { Button } from '@mantine/core'
import { useState } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { navigate } from '../../app/routes.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'

/** Makes a writable copy of a version and attaches it. Ends where all copies are. */
export function NewCopy({ version, disabled }: { version: LibraryVersion; disabled: boolean }) {
  const { t, format } = useSpeech()
  const create = useCall('copies.create')
  const attach = useCall('copies.attach')
  const [isOpen, setIsOpen] = useState(false)
  const make = async () => {
    const made = await create.call({ destination: version.destination, version: version.id })
    if (!made) return
    // Should this fail, the copy is there all the same, and can be attached where one now is.
    await attach.call({ copy: made.copy })
    navigate('attached', [made.copy])
  }
  return (
    <>
      <Button variant="default" disabled={disabled} onClick={() => setIsOpen(true)}>
        {t('copies.new')}
      </Button>
      <ConfirmDialog
        opened={isOpen}
        title={t('copies.new.title')}
        confirm={t('copies.create')}
        busy={create.busy || attach.busy}
        error={create.error}
        onConfirm={() => void make()}
        onCancel={() => {
          setIsOpen(false)
          create.clear()
        }}
      >
        <p className="hfv-flush">{t('copies.new.text')}</p>
        <p className="hfv-flush hf-quiet hf-small hf-wrap">
          {t('copies.new.of', {
            name: version.name,
            when: `${format.day(version.date)}, ${format.time(version.date)}`,
          })}
        </p>
      </ConfirmDialog>
    </>
  )
}
