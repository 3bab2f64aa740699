import { useStore } from 'zustand'
import { type Speech, speech } from './language.ts'

/** The words and formats of the language that is chosen. */
export const useSpeech = (): Speech => useStore(speech)
