/** Screens that a link or the tray may ask for. */
const screens = new Set(['home', 'versions', 'restore', 'destinations', 'health', 'activity', 'settings', 'wizard'])
const idShape = /^[0-9a-f]{16}$/

export const linkScheme = 'holdfast'

/**
 * The path of the screen that a link such as holdfast://versions?destination=…&version=… asks for; undefined when it asks for
 * anything else. Any page in a browser can open such a link, so nothing passes but names of screens and ids. Pure.
 */
export function pathOfLink(link: string): string | undefined {
  const url = URL.parse(link)
  if (url?.protocol !== `${linkScheme}:` || !screens.has(url.hostname)) return undefined
  if (!['', '/'].includes(url.pathname)) return undefined
  const parameters = ['destination', 'version'].flatMap(name => {
    const id = url.searchParams.get(name)
    return id !== null && idShape.test(id) ? [`${name}=${id}`] : []
  })
  const path = url.hostname === 'home' ? '/' : `/${url.hostname}`
  return parameters.length === 0 ? path : `${path}?${parameters.join('&')}`
}

/** Where the screen of one version is. */
export const versionPath = (destination: string, version: string): string =>
  `/versions?destination=${destination}&version=${version}`
