export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** Facts that go with a message. Values under names of secrets are never written. */
export type LogFields = Record<string, unknown>

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger that adds `fields` to every message. */
  with(fields: LogFields): Logger
}

export interface LoggerOptions {
  /** Messages below this level are dropped. 'info' unless given. */
  level?: LogLevel
  /** One JSON object, or one line of plain text, for each message. Text unless given. */
  format?: 'json' | 'text'
  /** Takes a line with its newline. Standard error unless given, because standard output belongs to results. */
  write?: (line: string) => void
  /** Milliseconds since 1970 UTC. */
  now?: () => number
}

const secretWords = new Set(['passphrase', 'password', 'secret', 'token', 'mnemonic', 'credential', 'credentials'])
const secretLastWords = new Set(['key', 'keys', 'phrase', 'authorization', 'cookie', 'pin'])
const redacted = '[redacted]'
/** Deeper than this, values are left out; it also ends circles. */
const deepest = 6

/** 'secretAccessKey', 'MASTER_KEY' and 'passphrase' name secrets; 'keySlotId' and 'accessKeyId' do not. */
export function namesSecret(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '')
  return words.some(word => secretWords.has(word)) || secretLastWords.has(words.at(-1) ?? '')
}

/** Takes secrets out of a value and makes it fit for JSON: errors, bigints, bytes, maps and circles included. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.replace(/(\/\/[^/\s:@]*):[^/\s@]+@/g, `$1:${redacted}@`)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  // Bytes may be a key under any name, and are of no use in a log.
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth >= deepest) return '[…]'
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Map) return redact(Object.fromEntries(value), depth)
  if (Array.isArray(value) || value instanceof Set) return [...value].map(item => redact(item, depth + 1))
  const entries = Object.entries(value)
  if (value instanceof Error) {
    entries.unshift(['name', value.name], ['message', value.message])
    if (value.cause !== undefined) entries.push(['cause', value.cause])
  }
  const safe = entries.map(([name, item]) => [name, namesSecret(name) ? redacted : redact(item, depth + 1)])
  return Object.fromEntries(safe)
}

/** Makes a logger. It never throws: a log that cannot be written must not fail the work. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', format = 'text', now = Date.now } = options
  const write = options.write ?? ((line: string) => void process.stderr.write(line))
  const lowest = logLevels.indexOf(level)

  const build = (always: LogFields): Logger => {
    const log =
      (at: LogLevel) =>
      (message: string, fields: LogFields = {}) => {
        if (logLevels.indexOf(at) < lowest) return
        try {
          const safe = redact({ ...always, ...fields }) as LogFields
          const time = new Date(now()).toISOString()
          write(`${format === 'json' ? asJson(time, at, message, safe) : asText(time, at, message, safe)}\n`)
        } catch {
          // Standard error is closed; nobody can be told.
        }
      }
    return {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      with: fields => build({ ...always, ...fields }),
    }
  }
  return build({})
}

const asJson = (time: string, level: LogLevel, message: string, fields: LogFields) =>
  // The fields come first so that none of them can pose as the time, the level or the message.
  JSON.stringify({ ...fields, time, level, message: redact(message) })

function asText(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const facts = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  // A line break inside a message must not look like a second message.
  const line = [`${time} ${level.toUpperCase().padEnd(5)} ${redact(message)}`, ...facts].join(' ')
  return line.replace(/[\r\n]+/g, ' ')
}
