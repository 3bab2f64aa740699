import { z } from 'zod'

/** The part of JSON Schema (draft 2020-12) that zod produces and that tells how large a value can get. */
export interface JsonSchema {
  type?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
  items?: JsonSchema | boolean
  prefixItems?: JsonSchema[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  propertyNames?: JsonSchema
  additionalProperties?: JsonSchema | boolean
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  $ref?: string
  $defs?: Record<string, JsonSchema>
}

/**
 * The JSON Schema of what goes over the wire ('input' as the sender writes it, 'output' as the receiver reads it).
 * Throws for what JSON cannot carry, such as dates and transformations.
 */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const json = JSON.stringify(z.toJSONSchema(schema, { io }))
  return JSON.parse(json, (_key, value) => withoutTypeList(value)) as JsonSchema
}

/** What may be null comes as one schema with a list of types where it has no limits; as alternatives, all read the same. */
function withoutTypeList(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('type' in value) || !Array.isArray(value.type)) return value
  const { type, ...rest } = value
  return { ...rest, anyOf: value.type.map(one => ({ type: one })) }
}

/** What keeps a schema from being the input of a call: it must be a strict object without anything boundless inside. */
export function inputFaults(schema: z.ZodType, where: string): string[] {
  // Transformations show up on the output side only.
  const outputSide = outputFaults(schema, where)
  if (outputSide.length > 0) return outputSide
  const json = jsonSchemaOf(schema, 'input')
  if (json.type !== 'object') return [`${where} is not an object`]
  const shared = Object.entries(json.$defs ?? {}).flatMap(([name, part]) => faultsOf(part, `${where}#${name}`))
  return [...faultsOf(json, where), ...shared]
}

/** What keeps a schema from describing data that a server sends. */
export function outputFaults(schema: z.ZodType, where: string): string[] {
  try {
    jsonSchemaOf(schema, 'input')
    jsonSchemaOf(schema, 'output')
    return []
  } catch (error) {
    return [`${where} does not fit into JSON: ${(error as Error).message}`]
  }
}

function faultsOf(json: JsonSchema, where: string): string[] {
  if (json.$ref !== undefined || json.enum !== undefined || json.const !== undefined) return []
  const choices = json.anyOf ?? json.oneOf
  if (choices !== undefined) return choices.flatMap((choice, i) => faultsOf(choice, `${where}|${i + 1}`))
  switch (json.type) {
    case 'number':
    case 'integer':
    case 'boolean':
    case 'null':
      return []
    case 'string':
      return isBoundedText(json) ? [] : [`${where} is text without a greatest length`]
    case 'array':
      return arrayFaults(json, where)
    case 'object':
      return objectFaults(json, where)
    default:
      return [`${where} takes anything`]
  }
}

function arrayFaults(json: JsonSchema, where: string): string[] {
  const items = typeof json.items === 'object' ? faultsOf(json.items, `${where}[]`) : []
  const places = (json.prefixItems ?? []).flatMap((item, i) => faultsOf(item, `${where}[${i}]`))
  const endless =
    json.maxItems === undefined && json.items !== false ? [`${where} is a list without a greatest length`] : []
  return [...endless, ...items, ...places]
}

function objectFaults(json: JsonSchema, where: string): string[] {
  const faults = Object.entries(json.properties ?? {}).flatMap(([name, part]) => faultsOf(part, `${where}.${name}`))
  const rest = json.additionalProperties
  if (json.propertyNames === undefined) {
    return rest === false ? faults : [...faults, `${where} is an object that lets unknown keys pass`]
  }
  if (json.propertyNames.enum === undefined) {
    if (json.maxProperties === undefined) faults.push(`${where} is a record without a greatest number of entries`)
    if (!isBoundedText(json.propertyNames)) faults.push(`${where} is a record with keys without a greatest length`)
  }
  return typeof rest === 'object' ? [...faults, ...faultsOf(rest, `${where}{}`)] : faults
}

function isBoundedText(json: JsonSchema): boolean {
  const sides = [json, ...(json.allOf ?? [])]
  return sides.some(
    ({ maxLength, pattern }) => maxLength !== undefined || (pattern !== undefined && isFinitePattern(pattern)),
  )
}

/** True only for patterns that surely match no text longer than they spell out. */
function isFinitePattern(pattern: string): boolean {
  const bare = pattern.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x')
  if (!bare.startsWith('^') || !bare.endsWith('$') || /[*+]|\{\d+,\}/.test(bare)) return false
  // An alternative outside of all groups has only one of the two anchors.
  let depth = 0
  for (const sign of bare) {
    if (sign === '(') depth++
    else if (sign === ')') depth--
    else if (sign === '|' && depth === 0) return false
  }
  return true
}
