import { HoldfastError } from '../contract/errors.ts'

/** How places can be written, for advice. */
export const workingForms =
  'Give a folder (/media/drive/backup or file:/media/drive/backup), a bucket (s3:BUCKET/PREFIX, b2:BUCKET/PREFIX), sftp://USER@HOST/PATH, or rclone:REMOTE:PATH.'

/** The error for a text that names no place. The text must hold no secret. */
export function invalidLocation(text: string, message: string, advice = workingForms, cause?: unknown): HoldfastError {
  return new HoldfastError('usage.invalid', message, { advice, details: { url: text }, cause })
}

/** The error for a place with a password or key in it, which nothing may repeat: so it comes before any other. */
export function loginInLocation(scheme: string): HoldfastError {
  return invalidLocation(
    `${scheme}:…`,
    `This ${scheme}: place holds a password or key.`,
    'Leave it out: passwords and keys are given by --credentials-file, or asked for.',
  )
}

/** Splits what follows the scheme into the place and its options: `bucket/prefix?region=eu`. Options may come once each. */
export function splitOptions<Name extends string>(
  text: string,
  rest: string,
  allowed: readonly Name[],
): { place: string; options: Partial<Record<Name, string>> } {
  const mark = rest.indexOf('?')
  if (mark < 0) return { place: rest, options: {} }
  const options: Partial<Record<Name, string>> = {}
  for (const [name, value] of new URLSearchParams(rest.slice(mark + 1))) {
    const known = allowed.find(one => one === name)
    if (known === undefined) {
      // The value might be a secret that somebody put where none belongs.
      const where = `${text.slice(0, text.indexOf('?'))}?…`
      throw invalidLocation(where, `${name} is no option of ${where}.`, `Options are ${allowed.join(', ')}.`)
    }
    if (options[known] !== undefined || value === '') {
      const problem = value === '' ? 'is empty' : 'is given twice'
      throw invalidLocation(text, `The option ${name} of ${text} ${problem}.`, 'Give each option once, with a value.')
    }
    options[known] = value
  }
  return { place: rest.slice(0, mark), options }
}

/** The options as a URL holds them, in a fixed order; empty when there are none. */
export function optionText(options: Readonly<Record<string, string | undefined>>): string {
  const parts = Object.entries(options)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%3A', ':')}`)
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}
