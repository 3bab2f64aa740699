import type { Worker } from 'node:worker_threads'
import { alignedSharedMemory } from '../base/alignedMemory.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Priority } from '../contract/jobs.ts'
import { zstdLevel } from '../repository/blockCrypto.ts'
import type { Keyring } from '../repository/keyring.ts'
import { packBufferBytes } from '../repository/packBuilder.ts'
import {
  type CheckedPack,
  type ExpectedPack,
  encodeWanted,
  type FileRun,
  type Identified,
  type OpenedRun,
  type Reply,
  type Request,
  type SealedPack,
  type SlotWrites,
  type WantedFrame,
  type WorkerSetup,
} from './blockWorkerProtocol.ts'
import { takeThread, usualThreads } from './spareThreads.ts'

/** Bytes that go through one slot, unless the caller wants otherwise. */
const defaultSlotBytes = 2 * 1024 * 1024
/** Packs on their way to a storage at one time that does not say what suits it. */
export const usualParallelPuts = 3

export interface PoolOptions {
  threads?: number | undefined
  slotBytes?: number
  /** Two for each thread and two more unless given. */
  slots?: number
  /** Packs on their way to the storage at one time; 3 unless given. */
  parallelPuts?: number | undefined
  /** For sealing; that of later versions when not given. */
  zstdLevel?: number
  /** low: the threads give way to everybody else's. normal unless given. */
  priority?: Priority | undefined
}

/** Memory shared with the threads, taken by one chunk of work at a time. */
export interface Slot {
  readonly index: number
  readonly bytes: Buffer
  /** The thread that works on it. */
  readonly thread: number
}

interface Thread {
  worker: Worker
  /** Resolves when it has ended, in whatever way. */
  ended: Promise<void>
}

/**
 * Threads for the heavy work on blocks, and the slots through which blocks reach them. Memory is fixed: slots,
 * the open pack of each thread, and the packs on their way to the storage. Close it: its threads keep the process alive.
 */
export class BlockPool {
  readonly slotBytes: number
  readonly threads: number
  /** Started when they are first needed: short work needs one, and a thread costs more than it does. */
  readonly #workers = new Map<number, Thread>()
  readonly #start: (thread: number) => Thread
  readonly #free: number[] = []
  readonly #waitingForSlot: ((index: number) => void)[] = []
  readonly #calls = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>()
  readonly #memory: SharedArrayBuffer
  #nextCall = 0
  /** Slots in use, for each thread. */
  readonly #slotsOf: number[]
  #failure: unknown

  /** Slots hold whole blocks: `slotBytes` is a power of two, and at least one block. */
  constructor(keyring: Keyring, blockSizeBytes: number, options: PoolOptions = {}) {
    const threads = options.threads ?? usualThreads()
    this.threads = threads
    this.#slotsOf = Array<number>(threads).fill(0)
    this.slotBytes = Math.max(options.slotBytes ?? defaultSlotBytes, blockSizeBytes)
    const slotCount = options.slots ?? threads * 2 + 2
    this.#memory = alignedSharedMemory(slotCount * this.slotBytes)
    for (let i = slotCount - 1; i >= 0; i--) this.#free.push(i)
    // Of each thread the open pack, and its share of those on their way.
    const packAreas = 1 + Math.ceil((options.parallelPuts ?? usualParallelPuts) / threads)
    const { blockId, mapId, idMask, pack } = keyring
    this.#start = thread => {
      const setup: WorkerSetup = {
        slots: this.#memory,
        slotBytes: this.slotBytes,
        packs: alignedSharedMemory(packAreas * packBufferBytes),
        blockSizeBytes,
        zstdLevel: options.zstdLevel ?? zstdLevel.later,
        thread,
        priority: options.priority ?? 'normal',
        keyring: { blockId, mapId, idMask, pack },
      }
      const worker = takeThread()
      worker.postMessage({ request: { kind: 'setup', setup } satisfies Request })
      worker.on('message', (reply: Reply) => {
        const call = this.#calls.get(reply.call)
        this.#calls.delete(reply.call)
        call?.resolve(reply.result as never)
      })
      worker.on('error', error => this.#fail(error))
      return { worker, ended: new Promise(resolve => worker.once('exit', () => resolve())) }
    }
  }

  /** Waits for a free slot. Give it back with `release`. */
  async acquire(): Promise<Slot> {
    const free = this.#free.pop()
    const index = free ?? (await new Promise<number>(resolve => this.#waitingForSlot.push(resolve)))
    const thread = this.#leastBusyThread()
    this.#slotsOf[thread]!++
    return { index, thread, bytes: Buffer.from(this.#memory, index * this.slotBytes, this.slotBytes) }
  }

  /** Turns alone would let one thread wait for work while another, held up by the system, has several slots before it. */
  #leastBusyThread(): number {
    return this.#slotsOf.indexOf(Math.min(...this.#slotsOf))
  }

  release(slot: Slot): void {
    this.#slotsOf[slot.thread]!--
    const next = this.#waitingForSlot.shift()
    if (next) next(slot.index)
    else this.#free.push(slot.index)
  }

  /** Ids and holes among the first `bytes` of a slot. */
  identify(slot: Slot, bytes: number): Promise<Identified> {
    return this.#call(slot.thread, { kind: 'identify', slot: slot.index, bytes })
  }

  /**
   * Seals blocks of a slot into its thread's pack; packs that became full come back. Waits while all memory of the thread is
   * taken up by packs that were not given back with `recycle`.
   */
  seal(slot: Slot, bytes: number, blocks: readonly number[], ids: Uint8Array): Promise<SealedPack[]> {
    return this.#call(slot.thread, { kind: 'seal', slot: slot.index, bytes, blocks, ids })
  }

  /** Gives the memory of a stored pack back to the thread that made it. The caller must not use it any more. */
  recycle({ thread, area }: SealedPack): void {
    if (area !== undefined) void this.#call(thread, { kind: 'recycle', area }).catch(() => undefined)
  }

  /** Ends the open packs of all threads. */
  async finishPacks(): Promise<SealedPack[]> {
    const finished = [...this.#workers.keys()].map(thread => this.#call<SealedPack[]>(thread, { kind: 'finish' }))
    return (await Promise.all(finished)).flat()
  }

  /**
   * Opens frames of one pack and checks the wanted blocks; good ones are copied to their place in the slot. `bytes` must be
   * at the beginning of memory that is the caller's alone; that memory comes back with the result.
   */
  open(
    slot: Slot,
    frameKey: Uint8Array,
    bytes: Uint8Array,
    offset: number,
    frames: readonly WantedFrame[],
  ): Promise<OpenedRun> {
    const table = encodeWanted(frames)
    const request: Request = { kind: 'open', slot: slot.index, frameKey, bytes, offset, frames: table }
    const memory = [bytes.buffer, table.numbers.buffer, table.ids.buffer] as ArrayBuffer[]
    return this.#call(slot.thread, request, memory)
  }

  /**
   * Has the slot's thread read parts of packs, check the wanted blocks, and write stretches of the slot to a target. False
   * when anything about it is not as it should be: then nothing is known of what was written, and nothing of what is wrong.
   */
  restore(slot: Slot, runs: readonly FileRun[], writes: SlotWrites): Promise<boolean> {
    return this.#call(slot.thread, { kind: 'restore', slot: slot.index, runs, writes })
  }

  /**
   * Has the slot's thread read the file of a pack and check everything in it. Undefined when anything about it is not as it
   * should be: what that is, is still to be found out.
   */
  check(slot: Slot, path: string, expected: ExpectedPack): Promise<CheckedPack | undefined> {
    return this.#call(slot.thread, { kind: 'check', path, expected })
  }

  /**
   * Ends the threads, each after what it was already told to do. They are not broken off: what libraries have given to a
   * thread would stay for as long as the process lives.
   */
  async close(): Promise<void> {
    this.#failure ??= new HoldfastError('internal.bug', 'The block threads were closed while work was under way.')
    for (const { worker } of this.#workers.values()) worker.postMessage({ request: { kind: 'end' } satisfies Request })
    await Promise.all([...this.#workers.values()].map(({ ended }) => ended))
    this.#fail(this.#failure)
  }

  #call<T>(thread: number, request: Request, transfer: ArrayBuffer[] = []): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure)
    return new Promise<T>((resolve, reject) => {
      const call = this.#nextCall++
      this.#calls.set(call, { resolve: resolve as (value: never) => void, reject })
      const running = this.#workers.get(thread) ?? this.#start(thread)
      this.#workers.set(thread, running)
      running.worker.postMessage({ call, request }, transfer)
    })
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    for (const call of this.#calls.values()) call.reject(error)
    this.#calls.clear()
  }
}
