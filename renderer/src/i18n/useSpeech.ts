import { useStore } from 'zustand'
import type { Speech } from './language.ts'
import { speech } from './speech.ts'

/** The words and formats of the language that is chosen. */
export function useSpeech(): Speech {
  const spoken = useStore(speech)
  if (!spoken) throw new Error('A screen was drawn before the app had words.')
  return spoken
}
