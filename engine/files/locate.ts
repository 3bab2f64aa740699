import { type HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { AttachedVersion, AttachedVolume, OpenVolume } from './attachedVersion.ts'
import { chooseVolume } from './chooseVolume.ts'
import { resolveInside } from './insidePath.ts'

/** Gives the passphrase of an encrypted volume. `before` is what the last one failed with: throw that to give up. */
export type AskPassphrase = (volume: AttachedVolume, before: HoldfastError | undefined) => Promise<string>

/** Where something is that a person has named. */
export interface Located extends OpenVolume {
  kind: 'path'
  volume: AttachedVolume
  /** On the volume, as it was asked for. */
  path: string
  /** As other programs see it; without links in it but for the last part. */
  place: string
}

/** What a path means in a version, with encrypted volumes opened on the way. */
export class VersionTree {
  readonly #version: AttachedVersion
  readonly #ask: AskPassphrase
  readonly #signal: AbortSignal | undefined
  readonly #unlocked = new Map<string, readonly AttachedVolume[]>()

  constructor(version: AttachedVersion, ask: AskPassphrase, signal?: AbortSignal) {
    this.#version = version
    this.#ask = ask
    this.#signal = signal
  }

  /** Fails with files.notFound, files.volumeNotFound, files.locked, files.wrongPassphrase, files.unsupported, files.damaged. */
  async locate(
    path: string,
    options: { followLast: boolean },
  ): Promise<Located | { kind: 'volumes'; volumes: readonly AttachedVolume[] }> {
    let choice = chooseVolume(this.#version.volumes, path)
    while (choice.kind === 'path' && choice.volume.state === 'locked') {
      const { volume } = choice
      choice = chooseVolume(await this.inside(volume), choice.path, volume.name)
    }
    if (choice.kind === 'volumes') return choice
    const { volume } = choice
    const opened = await this.#version.open(volume, undefined, this.#signal)
    const place = await resolveInside(opened.root, choice.path, options)
    return { kind: 'path', volume, path: choice.path, place, ...opened }
  }

  /** What is inside of an encrypted volume. */
  async inside(volume: AttachedVolume): Promise<readonly AttachedVolume[]> {
    const known = this.#unlocked.get(volume.name)
    if (known) return known
    for (let before: HoldfastError | undefined; ; ) {
      const passphrase = await this.#ask(volume, before)
      try {
        const found = await this.#version.unlock(volume, passphrase, this.#signal)
        this.#unlocked.set(volume.name, found)
        return found
      } catch (error) {
        if (!isHoldfastError(error, 'files.wrongPassphrase')) throw error
        before = error
      }
    }
  }
}
