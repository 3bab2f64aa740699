// Builds the stage and photographs every screen in every scenario, light and dark, to test/output/screens:
//   node test/renderer/screens.mjs [screens, by comma] [scenarios] [light|dark|both] [en|de]
// A screen can go on behind its name (versions/abc). "wizard" also photographs each of its steps,
// "destinations/add" in "elsewhere" the forms of places that are no folders,
// and "home" where all is well the way to files that are back and to writable copies.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openStage, photograph } from '../support/stage.ts'
import { scenarioNames } from './fake/scenarioNames.ts'
import { walkElsewhere } from './walkElsewhere.ts'
import { walkFiles, walkFilesTrouble } from './walkFiles.ts'
import { walkWizard } from './walkWizard.ts'

const output = join(import.meta.dirname, '../output/screens')
const allScreens = [
  'home',
  'versions',
  'restore',
  'destinations',
  'health',
  'activity',
  'settings',
  'wizard',
  'files',
  'attached',
]
const listed = (text, all) => (text === undefined || text === 'all' ? all : text.split(','))
const [screensAsked, scenariosAsked, schemeAsked = 'both', language = 'en'] = process.argv.slice(2)

mkdirSync(output, { recursive: true })
const stage = await openStage()
try {
  for (const colorScheme of schemeAsked === 'both' ? ['light', 'dark'] : [schemeAsked]) {
    const options = { colorScheme, locale: language === 'de' ? 'de-DE' : 'en-GB' }
    const pathOf = (screen, name) => join(output, `${screen.replaceAll('/', '-')}.${name}.${colorScheme}.png`)
    for (const screen of listed(screensAsked, allScreens)) {
      for (const scenario of listed(scenariosAsked, scenarioNames)) {
        const page = await stage.open(scenario, screen, options)
        await page.waitForLoadState('networkidle')
        await photograph(page, pathOf(screen, scenario))
        if (screen === 'wizard' && scenario === 'fresh' && language === 'en') {
          await walkWizard(page, step => photograph(page, pathOf(screen, step)))
        }
        if (screen === 'destinations/add' && scenario === 'elsewhere' && language === 'en') {
          await walkElsewhere(page, step => photograph(page, pathOf('elsewhere', step)))
        }
        if (screen === 'home' && scenario === 'protected' && language === 'en') {
          await walkFiles(page, step => photograph(page, pathOf('files', step)))
          const other = await stage.open(scenario, screen, options)
          await walkFilesTrouble(other, step => photograph(other, pathOf('files', step)))
          await other.context().close()
        }
        await page.context().close()
      }
    }
  }
} finally {
  await stage.close()
}
console.log([...stage.complaints, `${stage.complaints.length} complaints`].join('\n'))
process.exitCode = stage.complaints.length === 0 ? 0 : 1
