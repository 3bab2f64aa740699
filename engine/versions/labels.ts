import { HoldfastError } from '../contract/errors.ts'

/**
 * Labels are keys with values on a version. Their syntax is that of Kubernetes
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set): a key is a name
 * with an optional DNS name and slash before it, a value may be empty. Only `note` is free text.
 */
export type Labels = Record<string, string>

export interface LabelEdits {
  set: Labels
  remove: string[]
}

const namePart = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const dnsLabel = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'
const dnsName = new RegExp(`^${dnsLabel}(\\.${dnsLabel})*$`)

/** A name of up to 63 characters, with an optional prefix: a lower-case DNS name of up to 253 characters and a slash. */
export function isLabelKey(text: string): boolean {
  const parts = text.split('/')
  const prefix = parts.length === 2 ? parts[0]! : undefined
  return (
    parts.length <= 2 &&
    namePart.test(parts.at(-1)!) &&
    (prefix === undefined || (prefix.length <= 253 && dnsName.test(prefix)))
  )
}

/** Empty, or up to 63 letters, digits, - _ and . that begin and end with a letter or digit. */
export const isLabelValue = (text: string): boolean => text === '' || namePart.test(text)

/** What people write about a version is kept under this key, and may be any line of text. */
const noteKey = 'note'
const longestNote = 1000
/** Nothing that is not seen but changes what is seen; of these, emoji need the joiner. */
const noteLine = /^(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\u200d)*$/u

export const isNote = (text: string): boolean => text.length <= longestNote && noteLine.test(text)

/**
 * Reads the arguments of `label V …`: `key=value` sets, `key` alone sets an empty value, `key-` removes. usage.invalid
 * when there are none, when a key or value breaks the syntax, or when a key occurs twice.
 */
export function parseLabelEdits(args: readonly string[]): LabelEdits {
  if (args.length === 0) {
    throw new HoldfastError('usage.invalid', 'No label was given.', {
      advice: 'Write key=value to set a label and key- to remove one.',
    })
  }
  const edits: LabelEdits = { set: {}, remove: [] }
  const seen = new Set<string>()
  for (const arg of args) {
    const equals = arg.indexOf('=')
    const removes = equals === -1 && arg.endsWith('-')
    const key = equals !== -1 ? arg.slice(0, equals) : removes ? arg.slice(0, -1) : arg
    const value = equals === -1 ? '' : arg.slice(equals + 1)
    requireLabel(key, value)
    if (seen.has(key)) {
      throw new HoldfastError('usage.invalid', `The label “${key}” is given more than once.`, {
        advice: 'Say only once what is to become of each label.',
        details: { key },
      })
    }
    seen.add(key)
    if (removes) edits.remove.push(key)
    else edits.set[key] = value
  }
  return edits
}

/** Reads `key=value` arguments for a new version, of which nothing can be removed. Errors as parseLabelEdits; none is fine. */
export function parseNewLabels(args: readonly string[]): Labels {
  if (args.length === 0) return {}
  const { set, remove } = parseLabelEdits(args)
  if (remove.length > 0) {
    throw new HoldfastError('usage.invalid', `“${remove[0]}-” removes a label, but a new version has none.`, {
      advice: 'Write key=value.',
      details: { key: remove[0] },
    })
  }
  return set
}

/** The labels after the edits, keys in order. Removing a label that is not there is no error. */
export function applyLabelEdits(labels: Labels, edits: LabelEdits): Labels {
  const merged = { ...labels, ...edits.set }
  for (const key of edits.remove) delete merged[key]
  return Object.fromEntries(Object.entries(merged).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function requireLabel(key: string, value: string): void {
  if (!isLabelKey(key)) {
    throw new HoldfastError('usage.invalid', `“${key}” cannot be the key of a label.`, {
      advice:
        'Use up to 63 letters, digits, - _ and . that begin and end with a letter or digit; a DNS name and a slash may stand before it.',
      details: { key },
    })
  }
  if (key === noteKey) {
    if (isNote(value)) return
    throw new HoldfastError('usage.invalid', 'This cannot be the note on a version.', {
      advice: `Write one line of at most ${longestNote} characters.`,
      details: { length: value.length },
    })
  }
  if (!isLabelValue(value)) {
    throw new HoldfastError('usage.invalid', `“${value}” cannot be the value of the label “${key}”.`, {
      advice: 'Use up to 63 letters, digits, - _ and . that begin and end with a letter or digit, or nothing.',
      details: { key, value },
    })
  }
}
