import { type ComponentType, useSyncExternalStore } from 'react'
import { breath } from '../steps.ts'
import { type ScreenName, screenNames } from './routes.ts'
import type { ScreenProps } from './screenProps.ts'
import { screens } from './screens.tsx'

/** The files of the screens: which of them are there, and what became of the others. */

type Loaded = { Component: ComponentType<ScreenProps> } | { failed: true }

const loaded = new Map<ScreenName, Loaded>()
const underWay = new Map<ScreenName, Promise<void>>()
const listeners = new Set<() => void>()

/** Loads a screen, unless it is there. Never rejects: who draws it sees that it failed. */
export function loadScreen(name: ScreenName): Promise<void> {
  const before = underWay.get(name)
  if (before !== undefined) return before
  const loading = screens[name]
    .load()
    .then(
      Component => void loaded.set(name, { Component }),
      () => void loaded.set(name, { failed: true }),
    )
    .then(() => {
      for (const listener of listeners) listener()
    })
  underWay.set(name, loading)
  return loading
}

/** Loads the other screens while nothing else is to be done, so that they come at once and even when their server has ended. */
export async function loadAllScreens(): Promise<void> {
  for (const name of screenNames) {
    await idle()
    await loadScreen(name)
  }
}

const idle = (): Promise<unknown> =>
  'requestIdleCallback' in globalThis ? new Promise(resolve => requestIdleCallback(resolve)) : breath()

/** Undefined until the screen is there. */
export function useScreen(name: ScreenName): Loaded | undefined {
  const screen = useSyncExternalStore(watchLoaded, () => loaded.get(name))
  if (!screen) void loadScreen(name)
  return screen
}

function watchLoaded(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
