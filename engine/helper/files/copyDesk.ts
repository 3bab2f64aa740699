import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { AttachmentView } from '../../contract/files.ts'
import type { Destination, RunOutcome } from '../../contract/jobs.ts'
import type { Overlay } from '../../contract/models.ts'
import type { Engine } from '../../engineApi.ts'
import type { RecordStore } from '../../jobs/recordStore.ts'
import type { Connector } from '../connection.ts'
import { withDestination } from '../openDestination.ts'
import type { Task } from '../taskRuns.ts'
import type { AttachCopy, AttachedCopy } from './copyAttacher.ts'

export interface CopyDeskDeps {
  engine: Engine
  connector: Connector
  destinations: Pick<RecordStore<Destination>, 'list'>
  attach: AttachCopy
  clock: Clock
  logger: Logger
  /** What is there, or what is done with it, has changed. */
  changed(): void
}

/** What is done with a copy now. */
type Use =
  | { state: 'opening' | 'closing' }
  | { state: 'attached'; copy: AttachedCopy; destination: Destination }
  /** It is being kept as a version. */
  | { state: 'busy' }

/**
 * Writable copies of versions: overlays in the state folder, which stay until they are kept as versions or thrown away. What was flushed to
 * one survives everything but the loss of that folder.
 */
export class CopyDesk {
  readonly #deps: CopyDeskDeps
  readonly #uses = new Map<string, Use>()
  #overlays: Overlay[] = []

  constructor(deps: CopyDeskDeps) {
    this.#deps = deps
  }

  /** As of the last look. */
  views(): AttachmentView[] {
    return this.#overlays.map(overlay => this.#view(overlay))
  }

  /** Looks which copies there are; other programs may make some, too. */
  async look(): Promise<void> {
    const before = JSON.stringify(this.#overlays)
    this.#overlays = await this.#deps.engine.overlays()
    if (JSON.stringify(this.#overlays) !== before) this.#deps.changed()
  }

  /** Makes one and gives its id. */
  async create(destination: Destination, version: string, signal: AbortSignal): Promise<string> {
    const id = await withDestination(this.#deps, destination, signal, session => session.createOverlay(version))
    await this.look()
    return id
  }

  /** Which version it is of. config.notFound. */
  async overlay(id: string): Promise<Overlay> {
    const known = this.#overlays.find(one => one.id === id)
    if (known) return known
    await this.look()
    const found = this.#overlays.find(one => one.id === id)
    if (found) return found
    throw new HoldfastError('config.notFound', `There is no writable copy ${id}.`, {
      advice: 'Look at what is attached; it may have been kept or discarded.',
      details: { copy: id },
    })
  }

  /** The same, as of now: another program may have let go of it. */
  async #overlayNow(id: string): Promise<Overlay> {
    await this.look()
    return await this.overlay(id)
  }

  /** Offers it as a device; one that is attached already is told again. config.notFound, files.busy; else as AttachCopy. */
  async attach(id: string): Promise<{ device: string | null; uri: string }> {
    const overlay = await this.#overlayNow(id)
    const use = this.#uses.get(id)
    if (use?.state === 'attached') return placeOf(use.copy)
    this.#refuseUsed(overlay)
    const destination = this.#destinationOf(overlay)
    this.#set(id, { state: 'opening' })
    try {
      const copy = await this.#deps.attach(destination, id, `copy of ${overlay.name} ${overlay.version}`)
      this.#set(id, { state: 'attached', copy, destination })
      return placeOf(copy)
    } catch (error) {
      this.#set(id, undefined)
      throw error
    } finally {
      await this.#lookQuietly()
    }
  }

  /** config.notFound, files.busy while something uses it; nothing happens when it is attached nowhere. */
  async detach(id: string): Promise<void> {
    const overlay = await this.#overlayNow(id)
    const use = this.#uses.get(id)
    if (use?.state !== 'attached') return this.#refuseUsed(overlay)
    await this.#end(id, use, () => use.copy.detach())
  }

  /** Detaches those of these destinations. files.busy when one is in use; those before it are detached then. */
  async detachOf(isMeant: (destination: Destination) => boolean): Promise<void> {
    for (const [id, use] of [...this.#uses]) {
      if (use.state === 'attached' && isMeant(use.destination)) await this.#end(id, use, () => use.copy.detach())
    }
  }

  /** Throws away what was written. config.notFound, files.busy when it is attached or being kept. */
  async discard(id: string): Promise<void> {
    const overlay = await this.#overlayNow(id)
    this.#refuseUsed(overlay)
    this.#set(id, { state: 'closing' })
    try {
      await this.#deps.engine.discardOverlay(id)
    } finally {
      this.#set(id, undefined)
      await this.#lookQuietly()
    }
  }

  /** The run that stores it as a version. config.notFound, files.busy; once it has begun, the copy is busy until it ends. */
  async keepTask(id: string, note: string): Promise<Task> {
    const overlay = await this.#overlayNow(id)
    this.#refuseUsed(overlay)
    const outcome: Extract<RunOutcome, { kind: 'keep' }> = {
      kind: 'keep',
      of: overlay.version,
      versionName: overlay.name,
      versionDate: overlay.date,
      version: null,
      storedBytes: 0,
    }
    const over = async () => {
      this.#set(id, undefined)
      await this.#lookQuietly()
    }
    return {
      kind: 'keep',
      destination: this.#destinationOf(overlay),
      title: `Writable copy of ${overlay.name}`,
      outcome,
      begun: () => {
        this.#refuseUsed(overlay)
        this.#set(id, { state: 'busy' })
      },
      async work({ session, signal, onProgress }) {
        const labels = note.trim() === '' ? {} : { note: note.trim() }
        const { version, storedBytes, warnings } = await session.commitOverlay(id, { signal, onProgress, labels })
        await over()
        return { outcome: { ...outcome, version, storedBytes }, warnings }
      },
      failed: over,
    }
  }

  /** Takes all devices away, also from whoever uses them. Does not throw. */
  async stop(): Promise<void> {
    const attached = [...this.#uses].flatMap(([id, use]) => (use.state === 'attached' ? [{ id, use }] : []))
    await Promise.all(
      attached.map(({ id, use }) =>
        this.#end(id, use, () => use.copy.end()).catch(error =>
          this.#deps.logger.warn('a copy could not be detached', { id, error }),
        ),
      ),
    )
  }

  async #end(id: string, use: Use & { state: 'attached' }, end: () => Promise<void>): Promise<void> {
    this.#set(id, { state: 'closing' })
    try {
      await end()
      this.#set(id, undefined)
    } catch (error) {
      this.#set(id, use)
      throw error
    } finally {
      await this.#lookQuietly()
    }
  }

  #set(id: string, use: Use | undefined): void {
    if (use) this.#uses.set(id, use)
    else this.#uses.delete(id)
    this.#deps.changed()
  }

  #refuseUsed({ id, name, inUse }: Overlay): void {
    if (!this.#uses.has(id) && !inUse) return
    const state = this.#uses.get(id)?.state
    const what = state === 'busy' ? 'is being kept' : state === 'closing' ? 'is being detached' : 'is attached'
    throw new HoldfastError('files.busy', `The writable copy of ${name} ${what}.`, {
      advice: state === 'busy' ? 'Wait until that has ended, or stop it.' : 'Detach it first.',
      details: { copy: id },
      retryable: true,
    })
  }

  #destinationOf({ repositoryId, url, name }: Overlay): Destination {
    const found = this.#deps.destinations.list().find(one => one.repositoryId === repositoryId)
    if (found) return found
    throw new HoldfastError('config.notFound', `The repository of the copy of ${name} is no destination.`, {
      advice: `Add the one that was at ${url} when the copy was made.`,
      details: { url },
    })
  }

  async #lookQuietly(): Promise<void> {
    await this.look().catch(error => this.#deps.logger.warn('writable copies could not be looked at', { error }))
  }

  #view(overlay: Overlay): AttachmentView {
    const { id, repositoryId, version, name, date, createdAt, changedBytes, inUse, url } = overlay
    const use = this.#uses.get(id)
    const destination = this.#deps.destinations.list().find(one => one.repositoryId === repositoryId)
    const place = use?.state === 'attached' ? placeOf(use.copy) : { device: null, uri: null }
    return {
      id,
      kind: 'copy',
      destination: destination?.id ?? '',
      destinationName: destination?.name ?? url,
      version,
      versionName: name,
      versionDate: date,
      since: createdAt,
      // Another program may have it open.
      state: use?.state ?? (inUse ? 'attached' : 'idle'),
      ...place,
      changedBytes,
      until: null,
    }
  }
}

const placeOf = ({ device, uri }: AttachedCopy) => ({ device, uri })
