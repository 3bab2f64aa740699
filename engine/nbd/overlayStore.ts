import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { createSynced, syncFolder } from '../base/atomicFile.ts'
import { systemClock } from '../base/clock.ts'
import { type DurableFile, openDurable } from '../base/durableFile.ts'
import { linux } from '../base/linux.ts'
import { fateOf, ownIdentity, type ProcessIdentity } from '../base/processIdentity.ts'
import { randomHex } from '../base/random.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Overlay } from '../contract/models.ts'
import { ReplaceFailed, type ReplaceJournal, replayJournal } from './overlayJournal.ts'
import { pageBytes } from './overlayPages.ts'

/** What an overlay belongs to. It never changes. */
const recordSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  repositoryId: z.string(),
  url: z.string(),
  version: z.string(),
  name: z.string(),
  /** Of the version. */
  date: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  createdAt: z.string(),
})
export type OverlayRecord = z.infer<typeof recordSchema>

/** The files of an overlay that nobody else has open. */
export interface OpenedFiles {
  record: OverlayRecord
  data: Awaited<ReturnType<typeof openDurable>>
  journal: Awaited<ReturnType<typeof openDurable>>
  replaceJournal: ReplaceJournal
  /** Lets others open it. The files are closed on their own. */
  release(): Promise<void>
  /** Removes all of it, and releases what is left. */
  remove(): Promise<void>
}

/** Folders that are being made or removed: whoever dies over it leaves one to the next. */
const isUnfinished = (name: string): boolean => /^\.(new|old)-[0-9a-f]{16}$/.test(name)
const isId = (name: string): boolean => /^[0-9a-f]{16}$/.test(name)

/**
 * Where overlays are kept: `overlays/<id>` in the state folder, for their owner alone, with
 *
 * - overlay.json: what it belongs to
 * - data: a sparse file as large as the device; see overlayData.ts
 * - journal: which pages are in it; see overlayJournal.ts. journal.new: one that is going to take its place
 * - lock: locked while somebody has it open, with who that is
 *
 * A folder is made under another name and renamed when all of it is durable, and removed the other way round: it is whole or not
 * there.
 */
export class OverlayStore {
  readonly #folder: string

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'overlays')
  }

  /** Makes an empty overlay and returns its id. */
  async create(facts: Omit<OverlayRecord, 'id' | 'createdAt'>, now: number): Promise<string> {
    const record: OverlayRecord = { id: randomHex(8), createdAt: new Date(now).toISOString(), ...facts }
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await this.#sweep()
    const folder = join(this.#folder, `.new-${record.id}`)
    await mkdir(folder, { mode: 0o700 })
    const lock = await takeLock(folder, record.id)
    try {
      for (const name of ['data', 'journal']) {
        const file = await openDurable(join(folder, name))
        await file.truncate(name === 'data' ? Math.ceil(record.sizeBytes / pageBytes) * pageBytes : 0)
        await file.sync()
        await file.close()
      }
      await createSynced(join(folder, 'overlay.json'), [Buffer.from(JSON.stringify(record, null, 2))], { mode: 0o600 })
      await syncFolder(folder)
      await rename(folder, join(this.#folder, record.id))
      await syncFolder(this.#folder)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    } finally {
      await lock.release()
    }
    return record.id
  }

  /** Opens the files of one. config.notFound, config.inUse when somebody else has it open. */
  async open(id: string): Promise<OpenedFiles> {
    const record = await this.record(id)
    const folder = join(this.#folder, id)
    const lock = await takeLock(folder, id)
    try {
      // Whoever died before it had taken its place has left it.
      await rm(join(folder, 'journal.new'), { force: true })
      const data = await openDurable(join(folder, 'data'))
      const journal = await openDurable(join(folder, 'journal'))
      const replaceJournal = (content: Buffer) => replaceFile(folder, 'journal', content)
      const release = () => lock.release()
      return { record, data, journal, replaceJournal, release, remove: () => this.#remove(id).finally(release) }
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /** config.notFound when there is none of this id. */
  async record(id: string): Promise<OverlayRecord> {
    const record = isId(id) ? await this.#record(id) : undefined
    if (record) return record
    throw new HoldfastError('config.notFound', `There is no overlay ${id}.`, {
      advice: 'List the overlays that are there with: holdfast overlays list',
      details: { overlay: id },
    })
  }

  /** All of them, the oldest first. */
  async list(): Promise<Overlay[]> {
    await this.#sweep()
    const overlays: Overlay[] = []
    for (const id of (await this.#names()).filter(isId)) {
      const record = await this.#record(id)
      if (record) overlays.push({ ...record, ...(await this.#standing(id)) })
    }
    return overlays.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
  }

  /** Removes one with all that was written to it. config.notFound, config.inUse. */
  async remove(id: string): Promise<void> {
    await this.record(id)
    const lock = await takeLock(join(this.#folder, id), id)
    await this.#remove(id).finally(() => lock.release())
  }

  async #remove(id: string): Promise<void> {
    const old = join(this.#folder, `.old-${id}`)
    await rename(join(this.#folder, id), old)
    await syncFolder(this.#folder)
    await rm(old, { recursive: true, force: true })
  }

  async #record(id: string): Promise<OverlayRecord | undefined> {
    try {
      const parsed = recordSchema.safeParse(JSON.parse(await readFile(join(this.#folder, id, 'overlay.json'), 'utf8')))
      return parsed.data?.id === id ? parsed.data : undefined
    } catch {
      return undefined
    }
  }

  async #standing(id: string): Promise<Pick<Overlay, 'changedBytes' | 'changedAt' | 'inUse' | 'isDamaged'>> {
    const folder = join(this.#folder, id)
    const [data, journal] = [await stat(join(folder, 'data')), await stat(join(folder, 'journal'))]
    const changedAt = new Date(Math.max(data.mtimeMs, journal.mtimeMs)).toISOString()
    const inUse = await isLocked(folder)
    try {
      const { pages } = replayJournal(id, await readFile(join(folder, 'journal')))
      let changedPages = 0
      for (const { from, to } of pages.changed()) changedPages += to - from
      return { changedBytes: changedPages * pageBytes, changedAt, inUse, isDamaged: false }
    } catch (error) {
      // While it is in use, more may be appended while we read.
      if (error instanceof HoldfastError) return { changedBytes: 0, changedAt, inUse, isDamaged: true }
      throw error
    }
  }

  async #names(): Promise<string[]> {
    return await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
  }

  /** Removes what others have left half made or half removed. */
  async #sweep(): Promise<void> {
    for (const name of (await this.#names()).filter(isUnfinished)) {
      const folder = join(this.#folder, name)
      const lock = await tryLock(folder)
      if ('holder' in lock) continue
      await rm(folder, { recursive: true, force: true })
      await lock.release()
    }
  }
}

/**
 * The new file is durable before it gets the name, and the name before anybody writes to the file: after a power cut there is one or the
 * other, and what was appended to the new one is never behind the old name.
 */
export async function replaceFile(folder: string, name: string, content: Buffer): Promise<DurableFile> {
  const [path, fresh] = [join(folder, name), join(folder, `${name}.new`)]
  let isOld = true
  let file: DurableFile | undefined
  try {
    await rm(fresh, { force: true })
    await createSynced(fresh, [content], { mode: 0o600 })
    file = await openDurable(fresh)
    isOld = false
    await rename(fresh, path)
    await syncFolder(folder)
    return file
  } catch (error) {
    await file?.close().catch(() => undefined)
    throw new ReplaceFailed(isOld, error)
  }
}

interface Lock {
  release(): Promise<void>
}

/** Whoever lists overlays shares their locks for a moment. */
const patience = { attempts: 20, pauseMs: 25 }

/** Takes the lock of a folder; config.inUse when another has it. */
async function takeLock(folder: string, id: string): Promise<Lock> {
  for (let attempt = 1; ; attempt++) {
    const lock = await tryLock(folder)
    if (!('holder' in lock)) return lock
    if (attempt < patience.attempts) {
      await systemClock.sleep(patience.pauseMs)
      continue
    }
    const pid = lock.holder?.pid
    throw new HoldfastError(
      'config.inUse',
      `Overlay ${id} is in use${pid === undefined ? '' : ` by process ${pid}`}.`,
      {
        advice: 'Stop what exports it first.',
        details: { overlay: id, ...(pid === undefined ? {} : { pid }) },
        retryable: true,
      },
    )
  }
}

/** Whether somebody has the lock of a folder. Any number may ask at the same time. */
async function isLocked(folder: string): Promise<boolean> {
  const file = await open(join(folder, 'lock'), 'a+', 0o600)
  try {
    const outcome = linux.lockFile(file.fd, 'shared')
    if (outcome !== 'unsupported') return outcome === 'taken'
    const holder = await holderIn(file)
    return holder !== undefined && fateOf(holder) !== 'dead'
  } finally {
    await file.close()
  }
}

/**
 * Takes the lock of a folder, or says who has it. The kernel gives it back when this process ends, however that ends. On file
 * systems without locks, it is had by the process that is named in it, as long as that lives.
 */
async function tryLock(folder: string): Promise<Lock | { holder: ProcessIdentity | undefined }> {
  const file = await open(join(folder, 'lock'), 'a+', 0o600)
  try {
    const outcome = linux.lockFile(file.fd)
    const holder = await holderIn(file)
    const isHeld = outcome === 'unsupported' && holder !== undefined && fateOf(holder) !== 'dead'
    if (outcome === 'taken' || isHeld) {
      await file.close()
      return { holder }
    }
    await file.truncate(0)
    await file.write(JSON.stringify(ownIdentity()))
    return {
      release: async () => {
        await file.truncate(0)
        await file.close()
      },
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function holderIn(file: Awaited<ReturnType<typeof open>>): Promise<ProcessIdentity | undefined> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    return JSON.parse(buffer.toString('utf8', 0, bytesRead)) as ProcessIdentity
  } catch {
    return undefined
  }
}
