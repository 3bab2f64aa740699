import { MantineProvider } from '@mantine/core'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import type { AppBridge } from '../../../engine/contract/appBridge.ts'
import { connectHouse } from '../state/connect.ts'
import { GroundContext } from '../state/context.ts'
import { adoptTheme, theme } from '../theme/theme.ts'
import { App } from './App.tsx'
import '@mantine/core/styles.css'
import '../theme/global.css'
import '../components/components.css'

/** Draws the app into an element, on a bridge. `clock` is the time that it goes by. */
export function mount(element: HTMLElement, bridge: AppBridge, clock: () => number = Date.now): void {
  adoptTheme(document)
  const { store } = connectHouse(bridge)
  createRoot(element).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
        <GroundContext value={{ bridge, store, clock }}>
          <App />
        </GroundContext>
      </MantineProvider>
    </StrictMode>,
  )
}
