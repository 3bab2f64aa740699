import type { EnMessages } from './en/index.ts'
import { type Formats, formatsOf } from './format.ts'
import { fill, type Placeholders, type Translation, type Values } from './text.ts'

export const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]
/** What each calls itself. */
export const languageNames: Record<Language, string> = { en: 'English', de: 'Deutsch' }

export type MessageKey = keyof EnMessages & string
/** All messages of one language. */
export type Words = Translation<EnMessages>

type Filled<Key extends MessageKey> = Placeholders<EnMessages[Key]>
/** Says a message in the language; wants the values that the message names. */
export type Say = <Key extends MessageKey>(
  key: Key,
  ...values: [Filled<Key>] extends [never] ? [] : [Readonly<Record<Filled<Key>, string | number>>]
) => string

export interface Speech {
  language: Language
  /** Of dates and numbers, such as 'en-GB'. */
  locale: string
  t: Say
  format: Formats
}

/** Everything that a language says. `wanted` are the locales that the person prefers, best first. */
export function speechOf(language: Language, messages: Words, wanted: readonly string[]): Speech {
  const fallback: Record<Language, string> = { en: 'en-GB', de: 'de-DE' }
  const locale = wanted.find(one => one.startsWith(`${language}-`)) ?? fallback[language]
  const plural = new Intl.PluralRules(locale)
  const number = new Intl.NumberFormat(locale)
  const t = ((key: MessageKey, values: Values = {}) => fill(messages[key], values, plural, number)) as Say
  return { language, locale, t, format: formatsOf(locale) }
}

export function firstLanguage(stored: string | null, wanted: readonly string[]): Language {
  if (languages.includes(stored as Language)) return stored as Language
  for (const locale of wanted) {
    const match = languages.find(language => locale === language || locale.startsWith(`${language}-`))
    if (match) return match
  }
  return 'en'
}
