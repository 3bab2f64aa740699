import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { appPages } from '../../engine/contract/appBridge.ts'
import { Autostart, autostartEntry } from '../../main/autostart.ts'
import { readArguments } from '../../main/commandLine.ts'
import { contentSecurityPolicy, fileOf } from '../../main/content.ts'
import { pathOfLink } from '../../main/deepLink.ts'
import { placesOf } from '../../main/helperPlaces.ts'
import { noticeMessage } from '../../main/noticeMessage.ts'
import { unseenNotices } from '../../main/notices.ts'
import { ownProgram } from '../../main/ownProgram.ts'
import { addressOf } from '../../main/pages.ts'
import { isOwnPage } from '../../main/senders.ts'
import { SettingsFile } from '../../main/settings.ts'
import { suggestedName } from '../../main/textFile.ts'
import { textsFor } from '../../main/texts.ts'
import { inWords } from '../../main/when.ts'
import { windowOptions } from '../../main/windowOptions.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

describe('links', () => {
  it.each([
    ['holdfast://versions', '/versions'],
    ['holdfast://home/', '/'],
    [
      'holdfast://versions?version=00000000000000ff&destination=00000000000000aa',
      '/versions?destination=00000000000000aa&version=00000000000000ff',
    ],
    ['holdfast://versions?version=../../etc', '/versions'],
    ['holdfast://settings?redirect=https://elsewhere.invalid', '/settings'],
    ['holdfast://elsewhere', undefined],
    ['holdfast://versions/../../etc', undefined],
    ['holdfast:versions', undefined],
    ['https://versions', undefined],
    ['', undefined],
  ])('%s leads to %s', (link, path) => expect(pathOfLink(link)).toBe(path))

  it('are found among the arguments that Chromium adds', () => {
    const args = ['/usr/bin/holdfast-desktop', '--no-first-run', 'holdfast://nowhere', 'holdfast://health', '--hidden']
    expect(readArguments(args)).toEqual({ hidden: true, path: '/health' })
    expect(readArguments([])).toEqual({ hidden: false, path: undefined })
  })
})

describe('content of the app', () => {
  const get = (url: string, method = 'GET') => fileOf({ method, url }, '/opt/renderer')
  it.each([
    ['app://holdfast/index.html', '/opt/renderer/index.html'],
    ['app://holdfast/assets/main-1.js', '/opt/renderer/assets/main-1.js'],
    ['app://holdfast/', '/opt/renderer/index.html'],
    ['app://holdfast/versions/12', '/opt/renderer/index.html'],
    ['app://holdfast/../../etc/passwd.html', '/opt/renderer/etc/passwd.html'],
  ])('is found for %s', (url, path) => expect(get(url)?.path).toBe(path))

  it.each([
    'app://holdfast/%2e%2e%2f%2e%2e%2fetc%2fshadow.html',
    'app://holdfast/..%2fsecret.js',
    'app://holdfast/%00.html',
    'app://holdfast/%zz.html',
    'app://holdfast/main.exe',
    'app://elsewhere/index.html',
    'https://holdfast/index.html',
    'file:///etc/passwd.html',
  ])('is not found for %s', url => expect(get(url)).toBeUndefined())

  it('is only read', () => expect(get('app://holdfast/index.html', 'POST')).toBeUndefined())

  it('may run scripts of the app alone', () => {
    const policy = Object.fromEntries(
      contentSecurityPolicy.split('; ').map(part => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]),
    )
    expect(policy).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'connect-src': "'none'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
    })
    expect(contentSecurityPolicy).not.toContain('unsafe')
  })
})

describe('the window', () => {
  const facts = { preload: '/p', icon: '/i', version: '1.2.3', isPackaged: true }
  it('is made with every lock', () => {
    const { webPreferences, show } = windowOptions(facts)
    expect(show).toBe(false)
    expect(webPreferences).toEqual({
      preload: '/p',
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: false,
      additionalArguments: ['--holdfast-version=1.2.3'],
    })
  })

  it('has tools for developers in a checkout only', () => {
    expect(windowOptions({ ...facts, isPackaged: false }).webPreferences.devTools).toBe(true)
  })
})

describe('who may ask', () => {
  it.each([
    ['a page of the app', { origin: 'app://holdfast', parent: null }, true],
    ['a frame inside it', { origin: 'app://holdfast', parent: {} }, false],
    ['another host', { origin: 'app://elsewhere', parent: null }, false],
    ['a page without an origin', { origin: 'null', parent: null }, false],
    ['a frame that is gone', null, false],
  ])('%s: %s', (_, frame, may) => expect(isOwnPage(frame)).toBe(may))

  it('only for pages of the project to be opened', () => {
    for (const page of appPages) expect(addressOf(page)).toMatch(/^https:\/\//)
    for (const other of ['https://elsewhere.invalid/', '__proto__', 'toString', null, {}]) {
      expect(addressOf(other)).toBeUndefined()
    }
  })
})

describe('starting with the session', () => {
  it('quotes what desktops would take apart', () => {
    const command = ['/opt/My App/hold"fast', '/home/a$b/100%']
    expect(autostartEntry({ command, comment: 'x' })).toContain(
      'Exec="/opt/My App/hold\\\\"fast" "/home/a\\\\$b/100%%" --hidden\n',
    )
  })

  it.each([
    ['', true],
    ['Hidden=true\n', false],
    ['X-GNOME-Autostart-enabled=false\n', false],
  ])('counts an entry with “%s” as on: %s', async (line, isOn) => {
    const autostart = new Autostart({ configHome: folder.path, command: ['/usr/bin/holdfast-desktop'], comment: 'x' })
    expect(await autostart.isOn()).toBe(false)
    await mkdir(join(folder.path, 'autostart'))
    await writeFile(join(folder.path, 'autostart/holdfast.desktop'), `[Desktop Entry]\n${line}`)
    expect(await autostart.isOn()).toBe(isOn)
    await autostart.set(false)
    expect(await autostart.isOn()).toBe(false)
    await autostart.set(true)
    expect(await autostart.isOn()).toBe(true)
  })
})

describe('notices', () => {
  const notice = (at: string) => ({ at, title: at, body: '', urgency: 'normal' as const })
  const all = ['2026-01-04', '2026-01-01', '2026-01-03', '2026-01-02', '2026-01-05'].map(notice)
  it('are all old at the very first start', () => expect(unseenNotices(all, null)).toEqual([]))
  it('are told when they came while the app was away, the newest three in order', () => {
    expect(unseenNotices(all, '2026-01-01').map(({ at }) => at)).toEqual(['2026-01-03', '2026-01-04', '2026-01-05'])
    expect(unseenNotices(all, '2026-01-04').map(({ at }) => at)).toEqual(['2026-01-05'])
  })
})

describe('what the app remembers', () => {
  it('outlives it', async () => {
    const path = join(folder.path, 'a/desktop.json')
    new SettingsFile(path).change({ toldOfBackground: true })
    await expect.poll(() => new SettingsFile(path).current.toldOfBackground).toBe(true)
  })

  it('counts as nothing when it cannot be read', async () => {
    const path = join(folder.path, 'desktop.json')
    for (const text of ['{', '[]', '{"toldOfBackground": 7, "noticesSeenAt": "yesterday"}']) {
      await writeFile(path, text)
      expect(new SettingsFile(path).current).toEqual({ toldOfBackground: false, noticesSeenAt: null })
    }
  })
})

describe('where things are', () => {
  const person = { uid: 1000, home: '/home/anna' }
  it.each([
    [{ XDG_RUNTIME_DIR: '/run/user/1000' }, person, '/run/holdfast/helper.sock', '/run/user/1000/holdfast/helper.sock'],
    [{}, person, '/run/holdfast/helper.sock', '/home/anna/.local/state/holdfast/run/helper.sock'],
    [
      { XDG_RUNTIME_DIR: 'here' },
      person,
      '/run/holdfast/helper.sock',
      '/home/anna/.local/state/holdfast/run/helper.sock',
    ],
    [{ HOLDFAST_RUN_DIR: '/tmp/x', XDG_RUNTIME_DIR: '/run/user/1000' }, person, null, '/tmp/x/helper.sock'],
    [{ XDG_RUNTIME_DIR: '/run/user/0' }, { uid: 0, home: '/root' }, null, '/run/holdfast/helper.sock'],
  ])('with %o the helpers are at %s', (env, who, system, own) => {
    expect(placesOf(env, who)).toEqual({ system, own })
  })

  it('the command is that of the checkout, of the package, or of the system', () => {
    const place = { appPath: '/app', resourcesPath: '/opt/holdfast/resources' }
    expect(ownProgram({ ...place, isPackaged: false })).toBe('/app/bin/holdfast')
    expect(ownProgram({ ...place, isPackaged: true }, () => true)).toBe('/opt/holdfast/resources/holdfast/bin/holdfast')
    expect(ownProgram({ ...place, isPackaged: true }, () => false)).toBe('/usr/bin/holdfast')
  })

  it.each([
    ['../../etc/passwd', 'text/plain', '-..-etc-passwd.txt'],
    ['.hidden', 'application/json', 'hidden.json'],
    ['Sheet.HTML', 'text/html', 'Sheet.html'],
    ['a\nb', 'text/plain', 'a-b.txt'],
    ['..', 'text/plain', 'holdfast.txt'],
  ] as const)('a file called %j is suggested as such: %s %s', (name, type, suggested) => {
    expect(suggestedName({ name, type })).toBe(suggested)
  })
})

describe('words', () => {
  const at = (time: string) => inWords(Date.parse(time), Date.parse('2026-06-12T22:30:00Z'), textsFor('en'), place)
  const place = { locale: 'en-GB', timeZone: 'Europe/Vienna' }
  it('go by the days of the place', () => {
    expect(at('2026-06-12T22:05:00Z')).toBe('today 00:05')
    expect(at('2026-06-12T21:59:00Z')).toBe('yesterday 23:59')
    expect(at('2026-06-13T22:00:00Z')).toBe('tomorrow 00:00')
    expect(at('2026-06-01T10:00:00Z')).toBe('1 Jun, 12:00')
  })

  it('are German where German is spoken, and complete', () => {
    const [english, german] = [textsFor('en-US'), textsFor('de-AT')]
    expect(textsFor('fr')).toBe(english)
    expect(textsFor('den')).toBe(english)
    expect(Object.keys(german)).toEqual(Object.keys(english))
  })
})

describe('notices on the desktop', () => {
  const notice = {
    at: '2026-06-12T22:30:00.000Z',
    title: 'Backup “Home” is overdue',
    body: 'Connect the drive “Blue”.',
    urgency: 'critical',
    about: { kind: 'overdue', reminder: true, count: 1, jobs: ['Home'], drive: 'Blue', error: null },
  } as const
  it('speak the language of the desktop', () => {
    expect(noticeMessage({ ...notice, about: { ...notice.about, jobs: ['Home'] } }, 'de-AT')).toEqual({
      title: 'Weiterhin: Sicherung „Home“ ist überfällig',
      body: 'Schließen Sie das Laufwerk „Blue“ an; die Sicherung beginnt dann von selbst.',
      urgency: 'critical',
    })
  })

  it('say what the helper wrote when it gives no codes', () => {
    const { about: _, ...bare } = notice
    expect(noticeMessage(bare, 'de')).toMatchObject({ title: notice.title, body: notice.body })
  })
})
