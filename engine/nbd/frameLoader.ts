import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { BlockPool, Slot } from '../pipeline/blockPool.ts'
import { ReadRooms } from '../pipeline/readRooms.ts'
import { openFrame } from '../repository/blockCrypto.ts'
import { gcmTagBytes, names } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import type { FrameRooms } from './frameRooms.ts'
import type { Frame, FrameWaiter } from './frames.ts'

/** Unneeded bytes between two frames that are read along rather than asked for apart. */
const gapBytes = 128 * 1024
/** Sealed bytes asked for at once; a single frame may be larger. Enough to make a request pay, little enough to keep all threads busy. */
const requestBytes = 1024 * 1024
/** Requests of the storage that are under way beyond one for each thread: while some are opened, others are read. */
const spareRequests = 2

interface Parts {
  repository: Repository
  pool: BlockPool
  /** All rooms, one behind the other. */
  memory: Slot
  rooms: FrameRooms
  roomBytes: number
}

/** Brings frames into their rooms: in as few requests as pay, several at a time, what is waited for before what is read ahead. */
export class FrameLoader {
  readonly #repository: Repository
  readonly #pool: BlockPool
  readonly #memory: Slot
  readonly #rooms: FrameRooms
  readonly #roomBytes: number
  readonly #requestMemory: ReadRooms
  readonly #frameMemory: ReadRooms
  readonly #mostRequests: number
  readonly #waiting = { wanted: new Set<Frame>(), ahead: new Set<Frame>() }
  readonly #underWay = new Set<Promise<void>>()
  #isPumpDue = false
  #isClosed = false
  #nextThread = 0

  constructor({ repository, pool, memory, rooms, roomBytes }: Parts) {
    this.#repository = repository
    this.#pool = pool
    this.#memory = memory
    this.#rooms = rooms
    this.#roomBytes = roomBytes
    this.#requestMemory = new ReadRooms(requestBytes + gapBytes + roomBytes)
    this.#frameMemory = new ReadRooms(roomBytes + gcmTagBytes)
    this.#mostRequests = pool.threads + spareRequests
  }

  /** Puts a frame, which is not ready, into line. What is asked for in one go is read together. */
  load(frame: Frame, urgency: 'wanted' | 'ahead', waiter?: FrameWaiter): void {
    if (this.#isClosed) {
      waiter?.failed(closed())
      return
    }
    if (waiter) frame.waiters.push(waiter)
    if (frame.state === 'idle') {
      frame.state = 'waiting'
      this.#rooms.enter(frame)
      this.#waiting[urgency].add(frame)
    } else if (urgency === 'wanted' && this.#waiting.ahead.delete(frame)) this.#waiting.wanted.add(frame)
    if (this.#isPumpDue) return
    this.#isPumpDue = true
    const pump = () => {
      this.#isPumpDue = false
      this.#pump()
    }
    // As long as there is something to do, it pays to wait for what else is going to be asked for.
    if (this.#underWay.size === 0) queueMicrotask(pump)
    else setImmediate(pump)
  }

  /** Frames that stand in line to be read ahead. */
  get aheadCount(): number {
    return this.#waiting.ahead.size
  }

  /** Drops what stands in line and waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const line of Object.values(this.#waiting)) {
      for (const frame of line) this.#fail(frame, closed())
      line.clear()
    }
    await Promise.allSettled(this.#underWay)
  }

  #pump(): void {
    while (this.#underWay.size < this.#mostRequests) {
      const line = this.#waiting.wanted.size > 0 ? this.#waiting.wanted : this.#waiting.ahead
      const run = this.#nextRun(line)
      if (run.length === 0) return
      const request = this.#read(run).finally(() => {
        this.#underWay.delete(request)
        this.#pump()
      })
      this.#underWay.add(request)
    }
  }

  /** The frame that has waited for longest, and those that stand close behind it in its pack; each with a room. */
  #nextRun(line: Set<Frame>): Frame[] {
    const first = line.values().next().value
    if (!first) return []
    const start = first.place.offset
    const near = [...line].filter(({ packId, place }) => {
      return packId === first.packId && place.offset >= start && place.offset - start < requestBytes
    })
    near.sort((a, b) => a.place.offset - b.place.offset)
    const run: Frame[] = []
    let end = start
    for (const frame of near) {
      const frameEnd = frame.place.offset + frame.storedBytes
      if (frame.place.offset - end > gapBytes) break
      if (run.length > 0 && frameEnd - start > requestBytes) break
      if (!this.#rooms.take(frame)) break
      line.delete(frame)
      frame.state = 'loading'
      run.push(frame)
      end = frameEnd
    }
    return run
  }

  async #read(run: Frame[]): Promise<void> {
    const first = run[0]!
    const last = run.at(-1)!
    const { offset } = first.place
    const length = last.place.offset + last.storedBytes - offset
    const memory = run.length === 1 ? this.#frameMemory : this.#requestMemory
    try {
      const name = names.pack(first.packId)
      const bytes = await this.#repository.storage.get(name, { offset, length }, undefined, memory.take())
      if (run.length === 1 && this.#underWay.size === 1) memory.give(this.#openHere(first, bytes))
      else memory.give(await this.#openInThread(run, bytes, offset))
    } catch (error) {
      if (isHoldfastError(error, ...unreadableObject)) for (const frame of run) this.#lose(frame)
      else for (const frame of run) this.#fail(frame, error)
    }
  }

  /** When nothing else is to be done, handing one frame to a thread takes longer than opening it. */
  #openHere(frame: Frame, bytes: Uint8Array): ArrayBufferLike {
    const room = this.#memory.bytes.subarray(frame.room * this.#roomBytes, (frame.room + 1) * this.#roomBytes)
    const opened = openFrame(frame.frameKey, frame.place, bytes, room, true)
    if ('fault' in opened) this.#lose(frame)
    else this.#ready(frame)
    return bytes.buffer
  }

  async #openInThread(run: Frame[], bytes: Uint8Array, offset: number): Promise<ArrayBufferLike> {
    const asked = run.map(frame => [...frame.blocks])
    const wanted = run.map((frame, i) => ({
      place: frame.place,
      storedBytes: frame.storedBytes,
      into: frame.room * this.#roomBytes,
      blocks: asked[i]!.map(({ id, start, plainBytes }) => ({ id, start, plainBytes, into: -1 })),
    }))
    const slot = { ...this.#memory, thread: this.#nextThread }
    this.#nextThread = (this.#nextThread + 1) % this.#pool.threads
    const { faults, memory } = await this.#pool.open(slot, run[0]!.frameKey, bytes, offset, wanted)
    for (const blocks of asked) for (const block of blocks) block.state = 'good'
    const lost = new Set<Frame>()
    for (const { frame, block, fault } of faults) {
      asked[frame]![block]!.state = 'bad'
      if (fault !== 'wrong id') lost.add(run[frame]!)
    }
    for (const frame of run) {
      if (lost.has(frame)) this.#lose(frame)
      else this.#ready(frame)
    }
    return memory
  }

  #ready(frame: Frame): void {
    frame.state = 'ready'
    for (const { ready } of frame.waiters.splice(0)) ready()
  }

  /** The frame is not sound: nothing that was asked of it can be had from here. */
  #lose(frame: Frame): void {
    const waiters = frame.waiters.splice(0)
    this.#rooms.leave(frame)
    for (const block of frame.blocks) block.state = 'bad'
    for (const { ready } of waiters) ready()
  }

  #fail(frame: Frame, error: unknown): void {
    const waiters = frame.waiters.splice(0)
    this.#rooms.leave(frame)
    for (const { failed } of waiters) failed(error)
  }
}

/** One object is missing, cut short or lies on a bad sector; the storage as such is there. */
const unreadableObject = ['storage.objectNotFound', 'storage.rangeInvalid', 'storage.failed'] as const

const closed = () => new HoldfastError('run.cancelled', 'The version was closed while it was being read.')
