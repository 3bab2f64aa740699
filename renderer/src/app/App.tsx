import { Button } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { Note } from '../components/Note.tsx'
import { Page } from '../components/Page.tsx'
import type { MessageKey } from '../i18n/language.ts'
import { useSpeech } from '../i18n/useSpeech.ts'
import { useHouse, useShell } from '../state/context.ts'
import { AttachedLink } from './AttachedLink.tsx'
import { ConnectionBanner, ConnectionScreen } from './Connection.tsx'
import { LeaveDialog } from './LeaveDialog.tsx'
import { useScreen } from './loadedScreens.ts'
import { Notices } from './Notices.tsx'
import { hrefOf, parseRoute, type Route, type ScreenName, useRoute } from './routes.ts'
import { navigation, screens } from './screens.tsx'
import './app.css'

/** Screens without a line in the bar, and in which one they belong. */
const within: Partial<Record<ScreenName, ScreenName>> = { wizard: 'home', files: 'versions' }

/** The window: bar on the left, messages above, one screen. */
export function App() {
  const { t, language } = useSpeech()
  const shell = useShell()
  const route = useRoute()
  const running = useHouse(house => house.running?.length ?? 0)
  // Until anything was told there is nothing to show; after that, what was told stays while the connection is away.
  const isKnown = useHouse(house => house.jobs !== null || house.refused.jobs !== undefined)
  const main = useRef<HTMLElement>(null)

  useEffect(() => {
    document.documentElement.lang = language
  }, [language])

  useEffect(
    () =>
      shell.navigation(path => {
        // Only screens can be asked for; parseRoute turns anything else into Home.
        const { screen, path: rest, query } = parseRoute(path)
        location.hash = hrefOf(screen, rest, query)
      }),
    [shell],
  )

  const where = `${route.screen}/${route.path.join('/')}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: another place begins at its top
  useEffect(() => {
    main.current?.scrollTo(0, 0)
  }, [where])

  const say = t as (key: MessageKey) => string
  return (
    <div className="hf-app">
      <button type="button" className="hf-skip" onClick={() => main.current?.focus()}>
        {t('app.skip')}
      </button>
      <nav className="hf-nav" aria-label={t('app.screens')}>
        <div className="hf-brand" aria-hidden="true">
          {t('app.name')}
        </div>
        <ul className="hf-plain-list">
          {navigation.map(({ screen, Sign }) => (
            <li key={screen}>
              <a
                href={hrefOf(screen)}
                className="hf-nav-link"
                aria-current={route.screen === screen || within[route.screen] === screen ? 'page' : undefined}
              >
                <Sign />
                <span>{say(screens[screen].title)}</span>
                {screen === 'activity' && running > 0 && (
                  <span className="hf-nav-count">
                    <span aria-hidden="true">{running}</span>
                    <span className="hf-hidden">{t('nav.running', { count: running })}</span>
                  </span>
                )}
              </a>
            </li>
          ))}
          <AttachedLink isHere={route.screen === 'attached'} />
        </ul>
      </nav>
      <main className="hf-main" ref={main} tabIndex={-1}>
        <ConnectionBanner hasScreen={isKnown} />
        {isKnown && <Notices />}
        {isKnown ? <CurrentScreen route={route} /> : <ConnectionScreen />}
      </main>
      <LeaveDialog />
    </div>
  )
}

function CurrentScreen({ route: { screen, path, query } }: { route: Route }) {
  const { t } = useSpeech()
  const loaded = useScreen(screen)
  if (!loaded) return null
  if ('Component' in loaded) return <loaded.Component key={screen} path={path} query={query} />
  return (
    <Page title={(t as (key: MessageKey) => string)(screens[screen].title)}>
      <Note
        tone="danger"
        title={t('app.notLoaded')}
        actions={
          <Button size="xs" variant="default" onClick={() => location.reload()}>
            {t('action.tryAgain')}
          </Button>
        }
      >
        {t('app.notLoadedText')}
      </Note>
    </Page>
  )
}
