import { readFile } from 'node:fs/promises'
import type { Step } from './steps.ts'
import { readSmall } from './system.ts'

/** The process that serves a device; undefined when it is free. */
export const servedBy = async (device: string): Promise<string | undefined> =>
  (await readSmall(`/sys/block/${device.slice('/dev/'.length)}/pid`)) || undefined

/** The device is served by a process that was started with our socket. */
export async function nbdIsOurs({ device, socketPath }: Pick<Step & { kind: 'nbd' }, 'device' | 'socketPath'>) {
  const pid = await servedBy(device)
  if (pid === undefined) return false
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').includes(socketPath)
}
