import { contextBridge, ipcRenderer } from 'electron'
import type { AppBridge, AppShell, BridgeCalls, BridgeListener, BridgeTopics } from '../engine/contract/appBridge.ts'
import {
  type ConnectionNews,
  callChannel,
  connectionChannel,
  type NavigationNews,
  navigationChannel,
  pageChannel,
  shellChannels,
  type TopicNews,
  topicChannel,
  versionArgument,
} from './channels.ts'
import { callNames, topicNames } from './contractNames.ts'
import { watchChannel } from './watching.ts'

/** `window.holdfast` of the desktop app: one function for each thing that a page may ask, and nothing that takes a channel. */

ipcRenderer.send(pageChannel)

const calls = Object.fromEntries(
  callNames.map(name => [name, (input: unknown) => ipcRenderer.invoke(callChannel(name), input)]),
) as unknown as BridgeCalls

const topics = Object.fromEntries(
  topicNames.map(name => {
    const watch = watchChannel<TopicNews>(topicChannel(name))
    return [name, (listener: BridgeListener<unknown, unknown>) => watch(news => tell(listener, news))]
  }),
) as unknown as BridgeTopics

function tell(listener: BridgeListener<unknown, unknown>, news: TopicNews): void {
  if (news.kind === 'state') listener.state(news.state)
  else if (news.kind === 'change') listener.change(news.change)
  else listener.refused(news.error)
}

const shell: AppShell = {
  kind: 'desktop',
  program: process.argv.find(argument => argument.startsWith(versionArgument))?.slice(versionArgument.length) ?? '',
  connection: watchChannel<ConnectionNews>(connectionChannel),
  reconnect: () => ipcRenderer.send(shellChannels.reconnect),
  unlock: () => ipcRenderer.invoke(shellChannels.unlock),
  chooseFile: () => ipcRenderer.invoke(shellChannels.chooseFile),
  chooseFolder: () => ipcRenderer.invoke(shellChannels.chooseFolder),
  saveText: file => ipcRenderer.invoke(shellChannels.saveText, file),
  openPage: page => ipcRenderer.send(shellChannels.openPage, page),
  autostart: () => ipcRenderer.invoke(shellChannels.autostart),
  setAutostart: on => ipcRenderer.invoke(shellChannels.setAutostart, on),
  navigation: watchChannel<NavigationNews>(navigationChannel),
}

contextBridge.exposeInMainWorld('holdfast', { calls, topics, shell } satisfies AppBridge)
