import type { AppShell } from '../../../engine/contract/appBridge.ts'

/** Long enough for the slowest browser to have taken it. */
const keepMs = 60_000

/** Gives a text to the browser to keep as a file. Whether the person did is not told, so it counts as done. */
export function saveText({ name, type, text }: Parameters<AppShell['saveText']>[0]): boolean {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), keepMs)
  return true
}
