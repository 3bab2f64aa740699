import { Button } from '@mantine/core'
import { useState } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { Facts } from '../../components/Facts.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { ChangePassphrase } from './ChangePassphrase.tsx'
import { KeyList } from './KeyList.tsx'
import { SheetDialog } from './SheetDialog.tsx'
import { KeptKey, SavedSheet } from './Told.tsx'
import { UnlockForm } from './UnlockForm.tsx'

type Open = 'change' | 'sheet' | 'forget' | null

/** What opens a destination: whether the key is kept here, passphrases, recovery sheets. */
export function Keys({ view, begin }: { view: DestinationView; begin: string | undefined }) {
  const { t } = useSpeech()
  const { destination, protection, sheetSavedAt } = view
  const [open, setOpen] = useState<Open>(begin === 'sheet' && protection !== null ? 'sheet' : null)
  // The list is asked for anew when something has been added.
  const [changes, setChanges] = useState(0)
  const forget = useCall('destinations.forgetKey')
  const close = () => {
    setOpen(null)
    setChanges(n => n + 1)
  }
  const forgetNow = async () => {
    if (await forget.call({ destination: destination.id })) setOpen(null)
  }
  return (
    <Card title={t('destinations.keys')}>
      <div className="hf-destination">
        <Facts
          facts={[
            [t('destinations.kept'), <KeptKey key="key" protection={protection} />],
            [t('destinations.sheet'), <SavedSheet key="sheet" at={sheetSavedAt} />],
          ]}
        />
        {protection === null ? (
          <UnlockForm view={view} focused={begin === 'unlock'} />
        ) : (
          <>
            <div className="hf-row">
              <Button size="xs" variant={sheetSavedAt === null ? 'filled' : 'default'} onClick={() => setOpen('sheet')}>
                {t('destinations.sheet.make')}
              </Button>
              <Button size="xs" variant="default" onClick={() => setOpen('change')}>
                {t('destinations.change')}
              </Button>
              <Button size="xs" variant="default" onClick={() => setOpen('forget')}>
                {t('destinations.forget')}
              </Button>
            </div>
            <KeyList view={view} stamp={changes} />
          </>
        )}
      </div>
      {open === 'change' && <ChangePassphrase view={view} onClose={close} />}
      {open === 'sheet' && <SheetDialog view={view} onClose={close} />}
      <ConfirmDialog
        opened={open === 'forget'}
        dangerous
        title={t('destinations.forgetTitle', { name: destination.name })}
        confirm={t('destinations.forget')}
        busy={forget.busy}
        error={forget.error}
        onConfirm={() => void forgetNow()}
        onCancel={() => setOpen(null)}
      >
        {t('destinations.forgetText')}
      </ConfirmDialog>
    </Card>
  )
}
