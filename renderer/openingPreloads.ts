import type { Plugin } from 'vite'

/** As much of a built file as is used here. */
interface Built {
  type: string
  isEntry?: boolean
  imports?: string[]
  dynamicImports?: string[]
  facadeModuleId?: string | null
  viteMetadata?: { importedCss: Set<string> }
}

/**
 * Lets the page fetch at once what it needs to open, because its scripts ask for one part after the other (steps.ts). `later` are
 * files that are followed no further: whoever imports them does so only when somebody goes there.
 */
export const openingPreloads = (later: readonly RegExp[]): Plugin => ({
  name: 'opening-preloads',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler(_html, { bundle = {} }) {
      const files = bundle as unknown as Readonly<Record<string, Built>>
      const scripts = neededToOpen(files, later)
      const styles = new Set(scripts.flatMap(name => [...(files[name]?.viteMetadata?.importedCss ?? [])]))
      return [
        ...scripts.map(name => ({ tag: 'link', attrs: { rel: 'modulepreload', href: `./${name}` } })),
        ...[...styles].map(name => ({ tag: 'link', attrs: { rel: 'stylesheet', href: `./${name}` } })),
      ]
    },
  },
})

/** All that the entry imports, at once or later in its course, in the order in which it is come upon. */
function neededToOpen(files: Readonly<Record<string, Built>>, later: readonly RegExp[]): string[] {
  const found = new Set<string>()
  const follow = (name: string) => {
    const file = files[name]
    if (file?.type !== 'chunk' || found.has(name)) return
    if (later.some(pattern => pattern.test(file.facadeModuleId ?? ''))) return
    found.add(name)
    for (const other of [...(file.imports ?? []), ...(file.dynamicImports ?? [])]) follow(other)
  }
  const entry = Object.entries(files).find(([, file]) => file.isEntry)
  if (entry) {
    follow(entry[0])
    // The page names it itself.
    found.delete(entry[0])
  }
  return [...found]
}
