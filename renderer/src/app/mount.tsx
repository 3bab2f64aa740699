import { MantineProvider } from '@mantine/core'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import type { AppBridge } from '../../../engine/contract/appBridge.ts'
import { startSpeech } from '../i18n/speech.ts'
import { connectHouse } from '../state/connect.ts'
import { GroundContext } from '../state/context.ts'
import { breath } from '../steps.ts'
import { adoptTheme, theme } from '../theme/theme.ts'
import { App } from './App.tsx'
import { keepFocus } from './keepFocus.ts'
import { loadAllScreens, loadScreen } from './loadedScreens.ts'
import { parseRoute } from './routes.ts'
// All styles that screens share, so that those of a screen always come after them, whichever screen is the first.
import '../theme/mantine.css'
import '../theme/global.css'
import '../components/components.css'
import '../components/charts.css'
import '../components/DiskMap.css'
import '../components/Facts.css'

/** Draws the app into an element, on a bridge. `clock` is the time that it goes by. */
export async function mount(element: HTMLElement, bridge: AppBridge, clock: () => number = Date.now): Promise<void> {
  const { store } = connectHouse(bridge, work => setTimeout(work))
  adoptTheme(document)
  keepFocus(document)
  await Promise.all([startSpeech(), loadScreen(parseRoute(location.hash).screen)])
  await breath()
  createRoot(element).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
        <GroundContext value={{ bridge, store, clock }}>
          <App />
        </GroundContext>
      </MantineProvider>
    </StrictMode>,
  )
  await loadAllScreens()
}
