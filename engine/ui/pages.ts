import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { HoldfastError } from '../contract/errors.ts'

export interface Page {
  type: string
  body: Buffer
}

/** Every file that is served, by the path that asks for it. */
export type Pages = ReadonlyMap<string, Page>

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

const mostFiles = 2000
const mostBytes = 64 * 1024 * 1024

/**
 * Reads the pages of the app into memory: what is not in the list cannot be asked for, whatever the path looks like. Links and files
 * of other kinds are left out. `config.invalid` when there is no app in the folder.
 */
export async function readPages(folder: string): Promise<Pages> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const pages = new Map<string, Page>()
  let bytes = 0
  for (const entry of entries) {
    const type = types[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const path = join(entry.parentPath, entry.name)
    const body = await readFile(path)
    bytes += body.length
    if (pages.size >= mostFiles || bytes > mostBytes) throw noApp(folder, 'it holds too much')
    const name = `/${relative(folder, path).split(sep).map(encodeURIComponent).join('/')}`
    pages.set(name === '/index.html' ? '/' : name, { type, body })
  }
  if (!pages.has('/')) throw noApp(folder, 'there is no index.html')
  return pages
}

function noApp(folder: string, why: string): HoldfastError {
  return new HoldfastError('config.invalid', `The pages of the app are not in ${folder}: ${why}.`, {
    advice: 'Install Holdfast again; in a checkout, run "npm run setup" and try again.',
    details: { folder },
  })
}

/** Where a page goes that has no session, because it was opened without its link or with one that was used. */
export const closedPath = '/closed'

export const closedPage: Page = {
  type: 'text/html; charset=utf-8',
  body: Buffer.from(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <meta name="color-scheme" content="light dark">
    <title>Holdfast: this link was used</title>
  </head>
  <body>
    <main>
      <h1>This link was used</h1>
      <p>The address of Holdfast lets one browser in, once. It was used already, or it was not whole.</p>
      <p>Run <code>holdfast ui</code> again, and open the address that it prints.</p>
    </main>
  </body>
</html>
`),
}
