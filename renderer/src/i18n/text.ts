/** Text with {placeholders}; or one for each plural form of the number {count}. */
export type Message = string | Plural
export interface Plural {
  readonly one: string
  readonly other: string
}
export type Messages = Readonly<Record<string, Message>>

/** The same keys in another language, each of the same kind. */
export type Translation<Source extends Messages> = {
  readonly [Key in keyof Source]: Source[Key] extends string ? string : Plural
}

type PlaceholdersIn<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | PlaceholdersIn<Rest> : never

/** Names that a message wants values for. */
export type Placeholders<Kind> = Kind extends string
  ? PlaceholdersIn<Kind>
  : Kind extends { one: infer One; other: infer Other }
    ? PlaceholdersIn<One> | PlaceholdersIn<Other> | 'count'
    : never

export type Values = Readonly<Record<string, string | number>>

/** Fills in a message. A number is written as the locale writes it; the plural form is that of `count`. */
export function fill(message: Message, values: Values, plural: Intl.PluralRules, number: Intl.NumberFormat): string {
  const text =
    typeof message === 'string' ? message : plural.select(Number(values.count)) === 'one' ? message.one : message.other
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? number.format(value) : value
  })
}
