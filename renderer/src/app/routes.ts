import { useSyncExternalStore } from 'react'
import { shownHash, watchPlace } from './leaving.ts'

export const screenNames = [
  'home',
  'versions',
  'restore',
  'destinations',
  'health',
  'activity',
  'settings',
  'wizard',
  'files',
  'attached',
] as const
export type ScreenName = (typeof screenNames)[number]

export interface Route {
  screen: ScreenName
  /** What follows the name of the screen: '#/versions/a/b' has ['a', 'b']. */
  path: readonly string[]
  query: Readonly<Record<string, string>>
}

/** Reads '#/versions/12?tab=files'. What it does not know leads home. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2)
  const [name = '', ...rest] = path.split('/').filter(Boolean).map(decoded)
  const screen = screenNames.find(one => one === name)
  if (!screen) return { screen: 'home', path: [], query: {} }
  return { screen, path: rest, query: Object.fromEntries(new URLSearchParams(query)) }
}

/** The hash that leads to a screen, also for links: href={hrefOf('versions', id)}. */
export function hrefOf(screen: ScreenName, path: readonly string[] = [], query: Record<string, string> = {}): string {
  const asked = new URLSearchParams(query).toString()
  return `#/${[screen, ...path].map(encodeURIComponent).join('/')}${asked === '' ? '' : `?${asked}`}`
}

export function navigate(screen: ScreenName, path: readonly string[] = [], query: Record<string, string> = {}): void {
  location.hash = hrefOf(screen, path, query)
}

/** Where the window is. While something is not saved (leaving.ts), that can be another place than the one of the address. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(watchPlace, shownHash)
  return parseRoute(hash)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
