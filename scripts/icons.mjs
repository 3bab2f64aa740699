// Draws assets/icons/*.png from assets/*.svg with Chromium. Run it by hand after a drawing has changed:
//   ./node_modules/.bin/node scripts/icons.mjs
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const assets = join(import.meta.dirname, '..', 'assets')
const icons = join(assets, 'icons')
const appSizes = [16, 24, 32, 48, 64, 128, 256, 512]
const traySizes = [
  [22, ''],
  [44, '@2x'],
]
const trayIcons = ['fine', 'running', 'waiting', 'attention']

mkdirSync(icons, { recursive: true })
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  const page = await browser.newPage()
  const draw = async (svg, size, png) => {
    const picture = readFileSync(join(assets, svg)).toString('base64')
    await page.setViewportSize({ width: size, height: size })
    await page.setContent(
      `<body style="margin:0"><img src="data:image/svg+xml;base64,${picture}" width="${size}" height="${size}" style="display:block">`,
    )
    await page.screenshot({ path: join(icons, png), omitBackground: true })
  }
  for (const size of appSizes) await draw('icon.svg', size, `${size}x${size}.png`)
  for (const name of trayIcons) {
    for (const [size, suffix] of traySizes) await draw(`tray-${name}.svg`, size, `tray-${name}${suffix}.png`)
  }
} finally {
  await browser.close()
}
