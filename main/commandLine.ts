import { linkScheme, pathOfLink } from './deepLink.ts'

export interface Started {
  /** Without a window, as the session does it. */
  hidden: boolean
  /** Of the screen that a link asks for. */
  path: string | undefined
}

/** What the arguments of a start ask for. Chromium adds arguments of its own anywhere between. Pure. */
export function readArguments(args: readonly string[]): Started {
  const links = args.filter(argument => argument.startsWith(`${linkScheme}:`))
  return { hidden: args.includes('--hidden'), path: links.map(pathOfLink).find(path => path !== undefined) }
}
