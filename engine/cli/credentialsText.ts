import { type StorageCredentials, storageCredentialsSchema } from '../contract/credentials.ts'

/** Names of lines, without case and underscores, and the field that each means. Those of other programs are known as well. */
const fieldOfName: Readonly<Record<string, string>> = {
  keyid: 'keyId',
  accesskeyid: 'keyId',
  awsaccesskeyid: 'keyId',
  b2applicationkeyid: 'keyId',
  holdfasts3keyid: 'keyId',
  secretkey: 'secretKey',
  secretaccesskey: 'secretKey',
  awssecretaccesskey: 'secretKey',
  applicationkey: 'secretKey',
  b2applicationkey: 'secretKey',
  holdfasts3secretkey: 'secretKey',
  sessiontoken: 'sessionToken',
  awssessiontoken: 'sessionToken',
  password: 'password',
  passphrase: 'passphrase',
}

/**
 * Credentials out of a text: JSON as the contract has it, or lines NAME=VALUE (empty lines, comments and headings in brackets are
 * passed over). What is wrong, as the end of a sentence and without any value, when it cannot be understood.
 */
export function parseCredentials(text: string): StorageCredentials | string {
  const trimmed = text.trim()
  if (trimmed === '') return 'is empty'
  const fields = trimmed.startsWith('{') ? fromJson(trimmed) : fromLines(trimmed)
  if (typeof fields === 'string') return fields
  const parsed = storageCredentialsSchema.safeParse(fields)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue?.path.join('.') || 'as a whole'
  return `does not hold credentials: ${where} is missing or not as it should be`
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes what it read.
    return 'is not JSON, though it begins like that'
  }
}

function fromLines(text: string): Record<string, string> | string {
  const fields: Record<string, string> = {}
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || /^[#;[]/.test(line)) continue
    const [, name = '', value = ''] = /^(?:export\s+)?([A-Za-z0-9_]+)\s*=\s*(.*)$/.exec(line) ?? []
    const field = fieldOfName[name.toLowerCase().replaceAll('_', '')]
    if (field === undefined) return `has a line ${index + 1} that is no NAME=VALUE with a name that is known`
    if (fields[field] !== undefined) return `says twice what line ${index + 1} says`
    fields[field] = value.replace(/^(["'])(.*)\1$/, '$2')
  }
  const isSsh = 'password' in fields || 'passphrase' in fields
  return { kind: isSsh ? 'ssh' : 's3', ...fields }
}
