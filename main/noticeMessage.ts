import type { ShownNotice } from '../engine/contract/shownNotice.ts'
import { deMessages } from '../renderer/src/i18n/de/index.ts'
import { enMessages } from '../renderer/src/i18n/en/index.ts'
import { firstLanguage, speechOf } from '../renderer/src/i18n/language.ts'
import { noticeWords } from '../renderer/src/i18n/told.ts'

/** A notice of the helper in the words that the screens have for it, for a locale such as 'de-AT'. Pure. */
export function noticeMessage(notice: ShownNotice, locale: string) {
  const language = firstLanguage(null, [locale])
  const speech = speechOf(language, { en: enMessages, de: deMessages }[language], [locale])
  const [title, body] = noticeWords(speech, notice)
  return { title, body, urgency: notice.urgency }
}
