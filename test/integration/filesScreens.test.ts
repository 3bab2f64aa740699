import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { walkFiles, walkFilesTrouble } from '../renderer/walkFiles.ts'
import { noStage, openStage, type Stage } from '../support/stage.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Faults that a checker of accessibility finds. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return (await page.evaluate(
    'axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(node => id + " " + node.target)))',
  )) as string[]
}

/** Files of versions, in a browser with the content policy of the app, on an invented helper. */
describe.skipIf(noStage !== undefined)(`files in a browser${noStage ? ` (${noStage})` : ''}`, () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage('stage-files')
  })
  afterAll(async () => {
    await stage?.close()
  })

  it.each(['light', 'dark'] as const)(
    'come back, and copies are kept, without a fault of accessibility, %s',
    async colorScheme => {
      const page = await stage.open('protected', 'home', { colorScheme })
      const check = (of: Page) => async (step: string) => {
        expect({ step, faults: await faultsOf(of) }).toEqual({ step, faults: [] })
      }
      await walkFiles(page, check(page))
      await page.context().close()
      const other = await stage.open('protected', 'home', { colorScheme })
      await walkFilesTrouble(other, check(other))
      await other.context().close()
    },
  )

  it('come back from yesterday’s version with three clicks from the start screen', async () => {
    const page = await stage.open('protected', 'home')
    await page.evaluate("window.clicks = 0; addEventListener('click', () => window.clicks++, true)")
    await page.getByRole('link', { name: /^Browse files: *root *yesterday/ }).click()
    await page.getByRole('row', { name: 'notes.txt' }).click()
    await page.getByRole('button', { name: 'Get back' }).click()
    await page.getByRole('heading', { name: 'Getting files of root back' }).waitFor()
    expect(await page.evaluate('window.clicks')).toBe(3)
    const asked = (await page.evaluate(
      "window.stage.bridge.asked.filter(({ name }) => name === 'files.planRestore').map(({ input }) => input)",
    )) as { paths: string[]; folder: string }[]
    expect(asked).toMatchObject([{ paths: ['notes.txt'], folder: '~/Restored from 25 November 2026' }])
    await page.context().close()
  })

  it('are found, selected and got back with the keyboard alone', async () => {
    const page = await stage.open('protected', 'home')
    const keys = async (...all: string[]) => {
      for (const key of all) await page.keyboard.press(key)
    }
    await page.evaluate("addEventListener('mousedown', () => { window.wasTouched = true }, true)")
    const link = page.getByRole('link', { name: /^Browse files: *root *yesterday/ })
    const hasFocus = () => link.evaluate(element => element === element.ownerDocument.activeElement)
    for (let stops = 0; stops < 40 && !(await hasFocus()); stops++) await keys('Tab')
    await keys('Enter')
    // The list has the focus as soon as it is there. Folders come first: archive, empty, home.
    await page.getByRole('row', { name: 'notes.txt' }).waitFor()
    await keys('ArrowDown', 'ArrowDown', 'Enter')
    await page.getByRole('row', { name: 'anna' }).waitFor()
    await keys('Space', 'Shift+ArrowDown')
    await page.getByText('2 selected').waitFor()
    await keys('Backspace')
    await page.getByRole('row', { name: 'notes.txt' }).waitFor()
    await page.getByText('Select what you want back.').waitFor()
    await keys('Control+a')
    await page.getByText('15 selected').waitFor()
    await keys('Escape', 'End', 'Space')
    await page.getByText('1 selected').waitFor()
    const back = page.getByRole('button', { name: 'Get back' })
    for (let stops = 0; stops < 20; stops++) {
      if (await back.evaluate(element => element === element.ownerDocument.activeElement)) break
      await keys('Tab')
    }
    await keys('Enter')
    await page.getByRole('heading', { name: 'Getting files of root back' }).waitFor()
    expect(await page.evaluate('window.wasTouched ?? false')).toBe(false)
    await page.context().close()
  })

  it('of a folder with 100 000 entries open and scroll without holding the window up', async () => {
    const page = await stage.open('protected', 'home')
    await page.getByRole('link', { name: /^Browse files: *root *yesterday/ }).click()
    await page.getByRole('row', { name: 'notes.txt' }).waitFor()
    // What the invented helper itself needs to invent and order them is not the window's.
    await page.evaluate(`(async () => {
      const { calls } = window.stage.bridge
      const [{ id }] = window.stage.world.attachments
      for (const descending of [false, true])
        await calls['files.list']({ attachment: id, volume: 'disk', path: 'archive', descending })
      await calls['files.list']({ attachment: id, volume: 'disk', path: 'archive' })
    })()`)
    // In time that the window itself was busy for, which is the same however busy the machine is.
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
    const busyMs = async (): Promise<number> => {
      const { metrics } = await devtools.send('Performance.getMetrics')
      return 1000 * metrics.find(({ name }) => name === 'TaskDuration')!.value
    }
    /** All tasks of a step together, in ms; none of them can have taken longer. */
    const during = async (step: () => Promise<unknown>): Promise<number> => {
      const before = await busyMs()
      await step()
      return Math.round((await busyMs()) - before)
    }
    const spin = 'const end = performance.now() + 400; while (performance.now() < end);'
    expect(await during(() => page.evaluate(`(() => { ${spin} })()`))).toBeGreaterThan(20)

    const opening = await during(async () => {
      await page.getByTitle('archive').click()
      await page.getByText('100,000 entries').waitFor()
    })
    const steps: number[] = []
    for (let step = 0; step <= 50; step++) {
      const scroll = `(async () => {
        const list = document.querySelector('.hff-grid')
        list.scrollTop = (list.scrollHeight * ${step}) / 50
        await new Promise(done => requestAnimationFrame(() => setTimeout(done, 20)))
      })()`
      steps.push(await during(() => page.evaluate(scroll)))
    }
    await page.getByRole('row', { name: 'scan-099999.tif' }).waitFor()
    expect(Math.max(...steps), `ms of each step: ${steps}; of opening: ${opening}`).toBeLessThan(100)
    expect(opening).toBeLessThan(300)
    expect(await page.getByRole('row').count()).toBeLessThan(80)
    await page.getByRole('grid').press('Control+a')
    await page.getByText('100,000 selected').waitFor()
    await page.context().close()
  })

  it('that wait for a drive say so, and open when it is connected', async () => {
    const page = await stage.open('waitingForDrive', 'home')
    await page
      .getByRole('link', { name: /^Browse files: *root/ })
      .first()
      .click()
    await page.getByText('This version is on a drive that is not connected.').waitFor()
    expect(await page.getByRole('grid').count()).toBe(0)
    await page.evaluate(`(() => {
      const { world } = window.stage
      const [place] = world.places.keys()
      world.setPlaceState(place, { state: 'connected', path: '/media/x', drive: null })
    })()`)
    await page.getByRole('row', { name: 'notes.txt' }).waitFor()
    await page.context().close()
  })

  it('break no rule of the content policy and write nothing to the console', () => {
    expect(stage.complaints).toEqual([])
  })
})
