// node --inspect=0 run.mjs ARGUMENTS OF ELECTRON: runs an app with the stand-in for 'electron'.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const url = pathToFileURL(join(import.meta.dirname, 'electron.ts')).href
registerHooks({
  resolve: (name, context, next) =>
    name === 'electron' ? { url, shortCircuit: true, format: 'module-typescript' } : next(name, context),
})
const require = createRequire(import.meta.url)
const electron = require('electron')

const args = process.argv.slice(2)
const valueOfOption = name => args.find(argument => argument.startsWith(`--${name}=`))?.slice(name.length + 3)
const isRequire = argument => argument === '-r' || argument === '--require'
// What Playwright loads first, and the folder of the app.
const loaders = args.filter((_, i) => isRequire(args[i - 1]))
const folder = resolve(args.find((argument, i) => !argument.startsWith('-') && !isRequire(args[i - 1])) ?? '.')
const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

process.argv = [process.execPath, ...args]
Object.defineProperty(process.versions, 'electron', { value: '0.0.0-standin', enumerable: true })
Object.defineProperty(process, 'resourcesPath', { value: join(import.meta.dirname, 'resources') })
const userData = valueOfOption('user-data-dir')
if (userData !== undefined) electron.app.setPath('userData', userData)
electron.app.setUp(folder, description)
for (const loader of loaders) require(loader)
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => electron.app.quit())

const main = join(folder, description.main)
if (!existsSync(main)) throw new Error(`There is no ${main}: build the app first.`)
require(main)
await electron.app.boot()
