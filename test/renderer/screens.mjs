// Builds the stage and photographs every screen in every scenario, light and dark, to test/output/screens:
//   node test/renderer/screens.mjs [screens, by comma] [scenarios] [light|dark|both] [en|de]
// A screen can go on behind its name: home,versions,wizard
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { chromium } from 'playwright-core'
import { build } from 'vite'

const here = import.meta.dirname
const stage = join(here, '../output/stage')
const output = join(here, '../output/screens')

const allScreens = ['home', 'versions', 'restore', 'destinations', 'health', 'activity', 'settings', 'wizard']
const allScenarios = [
  'empty',
  'fresh',
  'protected',
  'running',
  'waitingForDrive',
  'overdue',
  'damaged',
  'manyVersions',
  'variedVersions',
  'veryLongNames',
  'disconnected',
  'connecting',
  'unprivileged',
]
const listed = (text, all) => (text === undefined || text === 'all' ? all : text.split(','))
const [screensAsked, scenariosAsked, schemeAsked = 'both', language = 'en'] = process.argv.slice(2)
const schemes = schemeAsked === 'both' ? ['light', 'dark'] : [schemeAsked]

await build({ configFile: join(here, 'stage/vite.config.ts'), logLevel: 'warn' })

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const server = createServer((request, response) => {
  if (request.url === '/favicon.ico') return response.writeHead(204).end()
  const path = normalize(new URL(request.url, 'http://stage').pathname)
  try {
    const body = readFileSync(join(stage, path === '/' ? 'index.html' : path))
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/html' }).end(body)
  } catch {
    response.writeHead(404).end()
  }
})
await new Promise(done => server.listen(0, '127.0.0.1', done))
const origin = `http://127.0.0.1:${server.address().port}`

mkdirSync(output, { recursive: true })
const isRoot = process.getuid() === 0
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: isRoot ? ['--no-sandbox'] : [],
})
let troubles = 0
try {
  for (const scheme of schemes) {
    const context = await browser.newContext({
      viewport: { width: 1120, height: 780 },
      colorScheme: scheme,
      reducedMotion: 'reduce',
      locale: language === 'de' ? 'de-DE' : 'en-GB',
      timezoneId: 'Europe/Berlin',
    })
    for (const screen of listed(screensAsked, allScreens)) {
      for (const scenario of listed(scenariosAsked, allScenarios)) {
        const page = await context.newPage()
        const complain = text => {
          troubles++
          console.log(`${screen} ${scenario} ${scheme}: ${text}`)
        }
        page.on('console', message => ['error', 'warning'].includes(message.type()) && complain(message.text()))
        page.on('pageerror', error => complain(error.stack ?? error.message))
        await page.goto(`${origin}/?scenario=${scenario}#/${screen}`)
        await page.locator('h1').first().waitFor({ timeout: 20_000 })
        await page.waitForLoadState('networkidle')
        // The page scrolls inside; the window is made as high as what is in it, up to a limit.
        const height = await page.evaluate(() => document.querySelector('.hf-main')?.scrollHeight ?? 0)
        await page.setViewportSize({ width: 1120, height: Math.min(2600, Math.max(780, height)) })
        await page.screenshot({ path: join(output, `${screen.replaceAll('/', '-')}.${scenario}.${scheme}.png`) })
        await page.close()
      }
    }
    await context.close()
  }
} finally {
  await browser.close()
  server.close()
}
console.log(troubles === 0 ? 'no complaints' : `${troubles} complaints`)
process.exitCode = troubles === 0 ? 0 : 1
