import { invalidLocation, loginInLocation, optionText, splitOptions } from './locationText.ts'

export interface SftpLocation {
  scheme: 'sftp'
  host: string
  port: number
  /** Undefined: as who runs it. */
  user?: string
  /** Absolute, or relative to where a login begins. */
  path: string
  /** File with the private key, on this computer. */
  identity?: string
}

export interface RcloneLocation {
  scheme: 'rclone'
  /** As rclone's configuration calls it; may hold options of rclone, such as `name,option=value`. */
  remote: string
  path: string
}

const sftpPort = 22

/** Something between a colon and an @, or in a URL a colon before what is no port. */
const holdsPassword = /^(?:\/\/)?[^/@?]*:[^/@?]*@|^\/\/[^/@?[]*:(?!\d*(?:[/?]|$))/

/** sftp://USER@HOST:PORT/PATH (absolute) or sftp:USER@HOST:PATH as scp has it. usage.invalid for anything else. */
export function parseSftp(text: string, rest: string): SftpLocation {
  if (holdsPassword.test(rest)) throw loginInLocation('sftp')
  const { place, options } = splitOptions(text, rest, ['identity'] as const)
  const isUrl = place.startsWith('//')
  const parts = isUrl
    ? /^\/\/(?:([^/@]*)@)?(\[[0-9a-f:.]+\]|[^/@:[\]]+)(?::(\d+))?(\/.*)$/i.exec(place)
    : /^(?:([^/@]*)@)?(\[[0-9a-f:.]+\]|[^/@:[\]]+)()?:(.+)$/i.exec(place)
  const [, user, host = '', portText, path = ''] = parts ?? []
  const port = portText ? Number(portText) : sftpPort
  if (!parts || user === '' || port < 1 || port > 65_535 || path.includes('\0')) {
    throw invalidLocation(
      text,
      `${text} names no folder on a server.`,
      'Write sftp://USER@HOST/PATH or sftp://USER@HOST:PORT/PATH.',
    )
  }
  return {
    scheme: 'sftp',
    host: host.replace(/^\[|\]$/g, '').toLowerCase(),
    port,
    ...(user !== undefined && { user: decodedPart(text, user) }),
    path: tidy(isUrl ? decodedPart(text, path) : path),
    ...(options.identity !== undefined && { identity: options.identity }),
  }
}

export function sftpText({ user, host, port, path, identity }: SftpLocation): string {
  const shownHost = host.includes(':') ? `[${host}]` : host
  const who = user === undefined ? '' : `${encodeURIComponent(user)}@`
  const options = optionText({ identity })
  if (!path.startsWith('/')) return `sftp:${user === undefined ? '' : `${user}@`}${shownHost}:${path}${options}`
  const parts = path.split('/').map(encodeURIComponent).join('/')
  return `sftp://${who}${shownHost}${port === sftpPort ? '' : `:${port}`}${parts}${options}`
}

/** rclone:REMOTE:PATH, as rclone itself names places. usage.invalid for anything else. */
export function parseRclone(text: string, rest: string): RcloneLocation {
  const parts = /^([^:/\0]+):([^\0]*)$/.exec(rest)
  const [, remote = '', path = ''] = parts ?? []
  if (!parts || remote.startsWith('-')) {
    throw invalidLocation(
      text,
      `${text} names no remote of rclone.`,
      'Write rclone:REMOTE:PATH, as `rclone listremotes` shows the remotes.',
    )
  }
  return { scheme: 'rclone', remote, path: tidy(path) }
}

export const rcloneText = ({ remote, path }: RcloneLocation): string => `rclone:${remote}:${path}`

const tidy = (path: string): string => path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '')

function decodedPart(text: string, part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw invalidLocation(text, `${text} holds a % that begins no character.`, 'Write % as %25.', cause)
  }
}
