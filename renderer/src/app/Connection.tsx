import { Button, Loader } from '@mantine/core'
import type { WireError } from '../../../engine/contract/errors.ts'
import { ErrorNote, Note } from '../components/Note.tsx'
import { Page } from '../components/Page.tsx'
import { useSpeech } from '../i18n/useSpeech.ts'
import { useHouse, useShell } from '../state/context.ts'
import { useUnlock } from './unlock.ts'

type Trouble = 'lost' | 'incompatible' | 'denied' | 'untrusted'

/** What kind of trouble keeps the app from the helper. */
export function troubleOf(error: WireError): Trouble {
  switch (error.code) {
    case 'helper.incompatible':
      return 'incompatible'
    case 'access.denied':
      return 'denied'
    case 'helper.untrusted':
      return 'untrusted'
    default:
      return 'lost'
  }
}

/** Instead of a screen, while nothing is known yet. */
export function ConnectionScreen() {
  const { t } = useSpeech()
  const connection = useHouse(house => house.connection)
  const error = connection.state === 'connecting' ? connection.error : null
  if (error) {
    return (
      <Page title={t(`connection.${troubleOf(error)}`)}>
        <TroubleNote error={error} />
      </Page>
    )
  }
  return (
    <Page title={t('app.name')}>
      <div className="hf-connecting" role="status">
        <Loader size="sm" />
        <span>{t('connection.connecting')}</span>
      </div>
    </Page>
  )
}

/** Above the screen: the connection is away, or the helper has no rights. */
export function ConnectionBanner({ hasScreen }: { hasScreen: boolean }) {
  const { t } = useSpeech()
  const connection = useHouse(house => house.connection)
  const unlock = useUnlock()
  if (connection.state === 'connecting') {
    // Without a screen below, ConnectionScreen says it.
    if (!hasScreen) return null
    if (connection.error) {
      return (
        <div className="hf-banner">
          <TroubleNote error={connection.error} withTitle />
        </div>
      )
    }
    return (
      <div className="hf-banner" role="status">
        <Note tone="waiting">{t('connection.connecting')}</Note>
      </div>
    )
  }
  if (connection.mode === 'system') return null
  return (
    <div className="hf-banner">
      <Note
        tone="waiting"
        {...(connection.canUnlock
          ? {
              actions: (
                <Button size="xs" loading={unlock.busy} onClick={() => void unlock.start()}>
                  {t('connection.unlock')}
                </Button>
              ),
            }
          : {})}
      >
        {t('connection.user')}
      </Note>
      <UnlockTrouble error={unlock.error} />
    </div>
  )
}

/** Why there are no rights, where it can be said better than by the code alone. */
function UnlockTrouble({ error }: { error: WireError | null }) {
  const { t } = useSpeech()
  const reason = error?.details?.reason
  if (reason !== 'appImage' && reason !== 'noAgent') return <ErrorNote error={error} />
  return (
    <Note tone="danger" urgent title={t(`connection.${reason}`)}>
      {t(`connection.${reason}.do`)}
    </Note>
  )
}

function TroubleNote({ error, withTitle = false }: { error: WireError; withTitle?: boolean }) {
  const { t } = useSpeech()
  const shell = useShell()
  const trouble = troubleOf(error)
  return (
    <Note
      tone={trouble === 'lost' ? 'attention' : 'danger'}
      urgent
      {...(withTitle ? { title: t(`connection.${trouble}`) } : {})}
      actions={
        <Button size="xs" variant="default" onClick={() => shell.reconnect()}>
          {t('connection.tryAgain')}
        </Button>
      }
    >
      <div>{t(`connection.${trouble}Text`)}</div>
      <details>
        <summary>{t('action.details')}</summary>
        <div>
          {t('error.said')}: {error.message} {error.advice}
        </div>
        <div>
          {t('error.code')}: <code>{error.code}</code>
        </div>
      </details>
    </Note>
  )
}
