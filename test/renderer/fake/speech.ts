import { deMessages } from '../../../renderer/src/i18n/de/index.ts'
import { enMessages } from '../../../renderer/src/i18n/en/index.ts'
import { type Language, type Speech, speechOf } from '../../../renderer/src/i18n/language.ts'

/** What a language says, without a page that loads it. */
export const spoken = (language: Language, wanted: readonly string[] = []): Speech =>
  speechOf(language, { en: enMessages, de: deMessages }[language], wanted)
