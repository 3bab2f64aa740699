import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
// @ts-expect-error: a script without types
import { buildRenderer } from '../../scripts/build.mjs'
import { useDesktop } from './support/useDesktop.ts'

const index = join(import.meta.dirname, '../../renderer/index.html')
const noScreens = existsSync(index) ? undefined : 'this checkout has no screens'

describe('the screens in the app', () => {
  const desktop = useDesktop(async it => {
    if (await buildRenderer(join(it.appFolder, 'out/renderer'))) await it.start()
  })

  it('appear under the policy of the app, without a word of complaint from the browser', async context => {
    if (noScreens) return context.skip(noScreens)
    const page = await desktop.it.app.firstWindow()
    await page.getByRole('navigation').waitFor()
    const complaints: string[] = []
    page.on('console', message => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', error => complaints.push(error.message))
    // Once more, now that somebody listens.
    await desktop.it.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]!.loadURL('app://holdfast/index.html'),
    )
    await page.getByRole('navigation').waitFor()
    await page.getByRole('main').waitFor()
    expect(complaints).toEqual([])
  })
})
