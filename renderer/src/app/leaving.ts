import { useEffect, useSyncExternalStore } from 'react'
import { useShell } from '../state/context.ts'

/** Going from place to place, which waits for an answer while something is not saved. */

let shown: string | undefined
let asked: string | null = null
let unsaved = 0
const listeners = new Set<() => void>()

/** The place that is shown, as in an address. */
export function shownHash(): string {
  shown ??= location.hash
  return shown
}

/** Where somebody wants to go who has not saved; null when nobody does. */
export const useAskedPlace = (): string | null => useSyncExternalStore(watchPlace, () => asked)

export function watchPlace(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener('hashchange', moved)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) window.removeEventListener('hashchange', moved)
  }
}

function moved(): void {
  const isAway = unsaved > 0 && location.hash !== shownHash()
  asked = isAway ? location.hash : null
  if (!isAway) shown = location.hash
  tell()
}

/** Goes where it was asked for; what is not saved is lost. */
export function leave(): void {
  if (asked !== null) shown = asked
  asked = null
  tell()
}

/** Stays, and says so in the address. */
export function stay(): void {
  asked = null
  history.replaceState(null, '', shownHash())
  tell()
}

function tell(): void {
  for (const listener of [...listeners]) listener()
}

/** Asks before the place is left that draws this, as long as something on it is not saved. */
export function useUnsaved(isUnsaved: boolean): void {
  const { kind } = useShell()
  useEffect(() => {
    if (!isUnsaved) return
    unsaved++
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    // A desktop window only hides when it is closed; Electron would keep the whole app from ending.
    if (kind === 'browser') window.addEventListener('beforeunload', ask)
    return () => {
      unsaved--
      window.removeEventListener('beforeunload', ask)
    }
  }, [isUnsaved, kind])
}
