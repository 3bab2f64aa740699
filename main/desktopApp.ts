import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { app, ipcMain, Menu } from 'electron'
import { systemClock } from '../engine/base/clock.ts'
import { applicationMenu } from './applicationMenu.ts'
import { serveContent } from './appProtocol.ts'
import { AppTray } from './appTray.ts'
import { Autostart } from './autostart.ts'
import { answerCalls } from './callHandlers.ts'
import { readArguments } from './commandLine.ts'
import { Dialogs } from './dialogs.ts'
import { findHelper } from './findHelper.ts'
import { guardPages } from './guards.ts'
import { HelperConnection } from './helperConnection.ts'
import { placesOf } from './helperPlaces.ts'
import { MainWindow } from './mainWindow.ts'
import { Navigation } from './navigation.ts'
import { noticeMessage } from './noticeMessage.ts'
import { showNotices } from './notices.ts'
import { Notifications } from './notifications.ts'
import { OwnHelper } from './ownHelper.ts'
import { ownProgram } from './ownProgram.ts'
import { PageWatches } from './pageWatches.ts'
import { notFromAppImage, pkexecPath, raiseHelper } from './raisedHelper.ts'
import { SettingsFile } from './settings.ts'
import { answerShell } from './shellHandlers.ts'
import { type Texts, textsFor } from './texts.ts'
import { relayTopics } from './topicRelay.ts'
import { doTrayAction } from './trayActions.ts'
import { TrayFeed } from './trayFeed.ts'
import { trayModel } from './trayMenu.ts'

const clock = systemClock
/** Words such as “today” age. */
const refreshMs = 60_000

/** Puts the parts of the desktop program together. */
export class DesktopApp {
  readonly #navigation = new Navigation()
  #window: MainWindow | undefined
  #helper: HelperConnection | undefined

  /** Once Electron is ready. */
  start(args: readonly string[]): void {
    const texts = textsFor(app.getLocale())
    const icons = join(app.getAppPath(), 'assets', 'icons')
    const icon = join(icons, '256x256.png')
    const settings = new SettingsFile(join(app.getPath('userData'), 'desktop.json'))
    const notifications = new Notifications(icon, () => this.#open(null))
    const helper = connection()
    this.#helper = helper

    guardPages()
    serveContent(join(import.meta.dirname, '../renderer'))
    const window = new MainWindow({
      facts: {
        preload: join(import.meta.dirname, '../preload/index.cjs'),
        icon,
        version: app.getVersion(),
        isPackaged: app.isPackaged,
      },
      hidden: () => {
        if (settings.current.toldOfBackground) return
        settings.change({ toldOfBackground: true })
        notifications.show({ title: texts.stillRunningTitle, body: texts.stillRunningBody, urgency: 'low' })
      },
    })
    this.#window = window

    const watches = new PageWatches()
    answerCalls(ipcMain, helper)
    relayTopics(ipcMain, watches, helper)
    answerShell(ipcMain, {
      helper,
      watches,
      navigation: this.#navigation,
      dialogs: new Dialogs(texts, () => window.window),
      autostart: new Autostart({
        configHome: app.getPath('appData'),
        command: startCommand(),
        comment: texts.autostartComment,
      }),
    })
    Menu.setApplicationMenu(applicationMenu(texts, { isPackaged: app.isPackaged, quit: () => app.quit() }))
    showNotices(helper, settings, notice => notifications.show(noticeMessage(notice, app.getLocale())), clock.now)
    this.#showTray(helper, texts, icons, notifications)
    helper.start()

    const { hidden, path } = readArguments(args)
    if (path !== undefined) this.#navigation.go(path)
    if (!hidden) window.show()
  }

  /** Somebody has started the app once more, perhaps with a link. */
  startedAgain(args: readonly string[]): void {
    const { hidden, path } = readArguments(args)
    if (!hidden) this.#open(path ?? null)
  }

  quitting(): void {
    this.#window?.letGo()
    this.#helper?.stop()
  }

  #open(path: string | null): void {
    if (path !== null) this.#navigation.go(path)
    this.#window?.show()
  }

  #showTray(helper: HelperConnection, texts: Texts, icons: string, notifications: Notifications): void {
    const open = (path: string | null) => this.#open(path)
    const notify = notifications.show.bind(notifications)
    const parts = { helper, texts, clock, open, quit: () => app.quit(), notify }
    const tray = new AppTray(
      icons,
      action => void doTrayAction(action, parts),
      () => open(null),
    )
    const show = () => tray.show(trayModel(feed.facts, texts, clock.now(), { locale: app.getLocale() }))
    const feed = new TrayFeed(helper, show)
    feed.start()
    setInterval(show, refreshMs).unref()
  }
}

/** The connection to whichever helper this person has. */
function connection(): HelperConnection {
  const holdfast = ownProgram({
    isPackaged: app.isPackaged,
    appPath: app.getAppPath(),
    resourcesPath: process.resourcesPath,
  })
  const program = app.getVersion()
  const uid = process.getuid!()
  const logPath = join(app.getPath('logs'), 'helper.log')
  const ownHelper = new OwnHelper({ program: holdfast, env: process.env, logPath, clock })
  const places = placesOf(process.env, { uid, home: homedir() })
  return new HelperConnection({
    find: () => findHelper({ places, uid, program, clock, ownHelper }),
    raise: existsSync(pkexecPath)
      ? async () => {
          const refusal = notFromAppImage(holdfast, process.env.APPDIR)
          if (refusal) throw refusal
          return await raiseHelper({ holdfast, program, clock })
        }
      : undefined,
    clock,
  })
}

/** What the session is to start: the AppImage itself rather than what it unpacks. */
function startCommand(): string[] {
  if (process.env.APPIMAGE) return [process.env.APPIMAGE]
  return app.isPackaged ? [process.execPath] : [process.execPath, app.getAppPath()]
}
