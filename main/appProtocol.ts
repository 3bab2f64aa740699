import { readFile } from 'node:fs/promises'
import { protocol } from 'electron'
import { contentHeaders, contentScheme, fileOf } from './content.ts'

/** Makes app:// a scheme like https. Before the app is ready. */
export function announceContent(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: false, codeCache: true }
  protocol.registerSchemesAsPrivileged([{ scheme: contentScheme, privileges }])
}

/** Serves the files of `root`, and nothing else. */
export function serveContent(root: string): void {
  protocol.handle(contentScheme, async request => {
    const file = fileOf(request, root)
    const bytes = file && (await readFile(file.path).catch(() => undefined))
    if (!file || !bytes) return new Response('Not found', { status: 404, headers: contentHeaders })
    return new Response(new Uint8Array(bytes), { headers: { ...contentHeaders, 'Content-Type': file.type } })
  })
}
