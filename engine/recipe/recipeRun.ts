import { existsSync } from 'node:fs'
import { machine as architecture, hostname, release } from 'node:os'
import { systemClock } from '../base/clock.ts'
import { collect } from './collect.ts'
import { Gatherer } from './gatherer.ts'
import { type Machine, thisMachine } from './machine.ts'

/** Longest time until a recipe is there, whole or in part. */
const mostMs = 30_000
/** How long programs that are ended may take, and with them their files go. */
const tidyMs = 6_000

/** A recipe that is being collected beside a backup. */
export interface RecipeRun extends AsyncDisposable {
  /** The archive. Comes after 30 s at the latest, at once when the signal fires, and never fails. */
  readonly archive: Promise<Uint8Array>
}

/** Starts to collect the recipe of the machine around a device. Dispose of it: that ends what still runs. */
export function startRecipe(
  path: string,
  options: { signal?: AbortSignal; machine?: (signal: AbortSignal) => Machine; mostMs?: number } = {},
): RecipeRun {
  const stopper = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stopper.signal]) : stopper.signal
  const gatherer = new Gatherer({
    name: hostname(),
    system: null,
    kernel: release(),
    architecture: architecture(),
    boot: existsSync('/sys/firmware/efi') ? 'efi' : 'bios',
  })
  const machine = (options.machine ?? thisMachine)(signal)
  const work = collect(path, machine, gatherer).catch(error => gatherer.note(`Collecting failed: ${String(error)}`))
  const most = options.mostMs ?? mostMs
  // A program that the kernel does not let go of cannot be waited for.
  const late = systemClock.sleep(most, signal).then(
    () => gatherer.note(`Collecting took longer than ${most / 1000} s: what was not there by then is missing.`),
    () => undefined,
  )
  const archive = Promise.race([work, late]).then(() => {
    const bytes = gatherer.close()
    stopper.abort()
    return bytes
  })
  return {
    archive,
    [Symbol.asyncDispose]: async () => {
      stopper.abort()
      const ended = new AbortController()
      const patience = systemClock.sleep(tidyMs, ended.signal).catch(() => undefined)
      await Promise.race([work, patience])
      ended.abort()
    },
  }
}
