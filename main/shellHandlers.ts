import { shell } from 'electron'
import { z } from 'zod'
import { connectionChannel, navigationChannel, pageChannel, shellChannels } from '../preload/channels.ts'
import type { Autostart } from './autostart.ts'
import type { Answering } from './callHandlers.ts'
import type { Dialogs } from './dialogs.ts'
import type { HelperConnection } from './helperConnection.ts'
import type { Navigation } from './navigation.ts'
import { addressOf } from './pages.ts'
import type { Hearing, PageWatches } from './pageWatches.ts'
import { replyWith } from './reply.ts'
import { foreignPage, isOwnPage, type SenderFrame } from './senders.ts'
import { textFileSchema } from './textFile.ts'

export interface ShellParts {
  helper: HelperConnection
  watches: PageWatches
  navigation: Navigation
  dialogs: Dialogs
  autostart: Autostart
}

/** Answers what pages ask of the program around them. */
export function answerShell(ipc: Answering & Hearing, parts: ShellParts): void {
  const { helper, watches, navigation, dialogs, autostart } = parts
  const answer = (channel: string, work: (input: unknown) => unknown) =>
    ipc.handle(channel, (event, input) => {
      guardSender(event.senderFrame)
      return work(input)
    })
  const hear = (channel: string, work: (input: unknown) => void) =>
    ipc.on(channel, (event, input) => {
      if (isOwnPage(event.senderFrame)) work(input)
    })

  ipc.on(pageChannel, ({ sender, senderFrame }) => {
    if (isOwnPage(senderFrame)) watches.endAll(sender)
  })
  watches.serve(ipc, connectionChannel, tell => helper.listen(tell))
  watches.serve(ipc, navigationChannel, tell => navigation.listen(tell))

  hear(shellChannels.reconnect, () => helper.reconnect())
  hear(shellChannels.openPage, page => {
    const address = addressOf(page)
    if (address !== undefined) void shell.openExternal(address).catch(() => undefined)
  })
  answer(shellChannels.unlock, () =>
    replyWith(async () => {
      await helper.unlock()
      return null
    }),
  )
  answer(shellChannels.chooseFile, () => dialogs.chooseFile())
  answer(shellChannels.chooseFolder, () => dialogs.chooseFolder())
  answer(shellChannels.saveText, file => dialogs.saveText(textFileSchema.parse(file)))
  answer(shellChannels.autostart, () => autostart.isOn())
  answer(shellChannels.setAutostart, on => autostart.set(z.boolean().parse(on)))
}

function guardSender(frame: SenderFrame | null): void {
  if (!isOwnPage(frame)) throw foreignPage()
}
