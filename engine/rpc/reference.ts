import { type AccessLevel, accessLevels, type Contract } from '../contract/rpcContract.ts'
import { type JsonSchema, jsonSchemaOf } from '../contract/schemaBounds.ts'

const levelTexts: Record<AccessLevel, string> = {
  read: 'look at state',
  operate: 'run, pause and cancel what is set up',
  configure: 'change what is set up',
  browse: 'see the contents of backups',
  erase: 'overwrite disks or remove versions',
}

/** The reference page of a contract as Markdown, ending with a newline. `intro` goes below the title. */
export function rpcReference(contract: Contract, options: { title: string; intro: string }): string {
  const parts = [
    `# ${options.title}`,
    options.intro.trim(),
    `Protocol version ${contract.protocol}.`,
    '## Access levels',
    accessLevels.map(level => `- **${level}**: ${levelTexts[level]}`).join('\n'),
    '## Calls',
    ...Object.entries(contract.calls).flatMap(([name, call]) => [
      `### \`${name}\``,
      call.doc.trim(),
      [
        `Access: **${call.access}**.`,
        ...(call.progress ? ['Reports progress.'] : []),
        ...(call.survives ? ['Goes on when the client goes.'] : []),
      ].join(' '),
      section('Input', jsonSchemaOf(call.input, 'input')),
      section('Output', jsonSchemaOf(call.output, 'output')),
    ]),
    '## Topics',
    ...Object.entries(contract.topics).flatMap(([name, topic]) => [
      `### \`${name}\``,
      topic.doc.trim(),
      `Access: **${topic.access}**.`,
      section('State', jsonSchemaOf(topic.state, 'output')),
      section('Change', jsonSchemaOf(topic.change, 'output')),
    ]),
  ]
  return `${parts.join('\n\n')}\n`
}

interface Row {
  field: string
  type: string
  notes: string
}

function section(title: string, json: JsonSchema): string {
  const rows = rowsOf(json, '')
  if (rows.length === 0) return `${title}: ${typeText(json)}.`
  const lines = rows.map(({ field, type, notes }) => `| \`${field}\` | ${cell(type)} | ${cell(notes)} |`)
  return [`${title}:`, '', '| Field | Type | Notes |', '|---|---|---|', ...lines].join('\n')
}

/** A row for each field, with those of inner objects, lists and alternatives below it. */
function rowsOf(json: JsonSchema, prefix: string): Row[] {
  const choices = json.anyOf ?? json.oneOf
  if (choices) return choices.flatMap(choice => rowsOf(choice, prefix))
  if (json.type === 'array') return typeof json.items === 'object' ? rowsOf(json.items, `${prefix}[]`) : []
  if (json.type !== 'object') return []
  const rows = Object.entries(json.properties ?? {}).flatMap(([name, part]) => {
    const field = prefix === '' ? name : `${prefix}.${name}`
    const optional = !(json.required ?? []).includes(name)
    return [{ field, type: typeText(part), notes: notesOf(part, optional) }, ...rowsOf(part, field)]
  })
  const rest = json.additionalProperties
  return typeof rest === 'object' ? [...rows, ...rowsOf(rest, `${prefix}{}`)] : rows
}

function typeText(json: JsonSchema): string {
  const choices = json.anyOf ?? json.oneOf
  if (choices) return [...new Set(choices.map(typeText))].join(' or ')
  if (json.const !== undefined) return `\`${JSON.stringify(json.const)}\``
  if (json.enum) return json.enum.map(value => `\`${JSON.stringify(value)}\``).join(' or ')
  if (json.$ref) return json.$ref === '#' ? 'the same again' : json.$ref.replace('#/$defs/', '')
  switch (json.type) {
    case 'array':
      if (json.prefixItems) return `list of ${json.prefixItems.map(typeText).join(', ')}`
      return typeof json.items === 'object' ? `list of ${typeText(json.items)}` : 'list'
    case 'object':
      if (json.propertyNames) {
        return `record of ${typeof json.additionalProperties === 'object' ? typeText(json.additionalProperties) : 'anything'}`
      }
      return Object.keys(json.properties ?? {}).length === 0 ? 'empty object' : 'object'
    case 'integer':
      return 'whole number'
    case 'string':
      return json.format === undefined ? 'text' : `text (${json.format})`
    default:
      return json.type ?? 'anything'
  }
}

function notesOf(json: JsonSchema, optional: boolean): string {
  const notes: string[] = []
  if (optional) notes.push('optional')
  if (json.default !== undefined) notes.push(`default \`${JSON.stringify(json.default)}\``)
  const range = rangeText(json.minimum, json.maximum)
  if (range !== undefined) notes.push(range)
  const length = rangeText(json.minLength, json.maxLength)
  if (length !== undefined) notes.push(`${length} signs`)
  const count = rangeText(json.minItems, json.maxItems)
  if (count !== undefined && json.prefixItems === undefined) notes.push(`${count} entries`)
  if (json.maxProperties !== undefined) notes.push(`at most ${json.maxProperties} entries`)
  if (json.pattern !== undefined && json.format === undefined) notes.push(`like \`${json.pattern}\``)
  if (json.description !== undefined) notes.push(json.description)
  return notes.join('; ')
}

function rangeText(low: number | undefined, high: number | undefined): string | undefined {
  const from = low === undefined || low === Number.MIN_SAFE_INTEGER ? undefined : low
  const to = high === undefined || high === Number.MAX_SAFE_INTEGER ? undefined : high
  if (from === undefined) return to === undefined ? undefined : `at most ${to}`
  return to === undefined ? `at least ${from}` : `${from} to ${to}`
}

/** A line break or a bar would end the cell. */
const cell = (text: string) => text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')
