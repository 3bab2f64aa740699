import { createStore } from 'zustand/vanilla'
import { firstLanguage, type Language, type Speech, speechOf, type Words } from './language.ts'

/** The language that is chosen. Only its own words are loaded. */

/** Null until `startSpeech` has ended. */
export const speech = createStore<Speech | null>(() => null)

const words: Record<Language, () => Promise<Words>> = {
  en: async () => (await import('./en/index.ts')).enMessages,
  de: async () => (await import('./de/index.ts')).deMessages,
}

/** Speaks as the person chose, or as their browser asks. Has to end before anything is drawn. */
export const startSpeech = (): Promise<void> => speak(firstLanguage(stored(), navigator.languages))

/** Speaks another language as soon as its words are there, also after the next start where the page may remember it. */
export async function setLanguage(language: Language): Promise<void> {
  try {
    localStorage.setItem(storageKey, language)
  } catch {
    // Without a memory the choice holds until the window closes.
  }
  await speak(language)
}

let asked: Language | undefined

async function speak(language: Language): Promise<void> {
  asked = language
  const loaded = await words[language]()
  // Somebody may have chosen another one meanwhile.
  if (asked === language) speech.setState(speechOf(language, loaded, navigator.languages), true)
}

const storageKey = 'holdfast.language'

function stored(): string | null {
  try {
    return localStorage.getItem(storageKey)
  } catch {
    return null
  }
}
