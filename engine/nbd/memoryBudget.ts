import type { Clock } from '../base/clock.ts'
import type { ServerLimits } from './limits.ts'

type Limits = Pick<ServerLimits, 'ownBytes' | 'sharedBytes' | 'sharedBytesOfOne' | 'stallMs'>

/** Memory that was taken. To be given back once. */
export interface Lease {
  release(): void
  /** Says whether it is the client alone that this waits for: it has to send something, or to take a reply. */
  waitForClient(isWaiting: boolean): void
}

interface Waiter {
  bytes: number
  account: MemoryAccount
  grant: (lease: Lease | undefined) => void
}

/** Shared memory in use; since when (monotonic) only the client keeps it from being given back. */
interface SharedUse {
  clientSince: number | undefined
}

/**
 * Counts the memory of requests. Each connection has some of its own; what is larger comes out of what all share, in the order
 * in which it was asked for. Nobody who takes no more than their own ever waits for others.
 */
export class MemoryBudget {
  readonly limits: Limits
  readonly #clock: Clock
  readonly #accounts = new Set<MemoryAccount>()
  readonly #waiting: Waiter[] = []
  #sharedHeld = 0
  #watch: AbortController | undefined

  constructor(limits: Limits, clock: Clock) {
    this.limits = limits
    this.#clock = clock
  }

  /** For one connection. `cut` is called when its client keeps others waiting for too long. */
  open(cut: () => void): MemoryAccount {
    const account = new MemoryAccount(this, cut)
    this.#accounts.add(account)
    return account
  }

  get heldBytes(): number {
    let bytes = this.#sharedHeld
    for (const account of this.#accounts) bytes += account.ownHeld
    return bytes
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** For accounts, which ask for one thing at a time, and for `sharedBytesOfOne` at most. */
  take(account: MemoryAccount, bytes: number): Lease | Promise<Lease | undefined> {
    const lease =
      this.#fromOwn(account, bytes) ?? (this.#waiting.length === 0 ? this.#fromShared(account, bytes) : undefined)
    if (lease) return lease
    return new Promise(grant => {
      this.#waiting.push({ bytes, account, grant })
      // Those before may wait only for what they hold themselves.
      this.#serve()
      this.#startWatch()
    })
  }

  close(account: MemoryAccount): void {
    this.cancel(account)
    this.#accounts.delete(account)
  }

  cancel(account: MemoryAccount): void {
    for (const waiter of this.#waiting.filter(waiter => waiter.account === account)) this.#answer(waiter, undefined)
    this.#serve()
  }

  #fromOwn(account: MemoryAccount, bytes: number): Lease | undefined {
    if (account.ownHeld + bytes > this.limits.ownBytes) return undefined
    account.ownHeld += bytes
    const release = this.#once(() => {
      account.ownHeld -= bytes
    })
    return { release, waitForClient: () => undefined }
  }

  #fromShared(account: MemoryAccount, bytes: number): Lease | undefined {
    const { sharedBytes, sharedBytesOfOne } = this.limits
    if (this.#sharedHeld + bytes > sharedBytes || account.sharedHeld + bytes > sharedBytesOfOne) return undefined
    this.#sharedHeld += bytes
    account.sharedHeld += bytes
    const use: SharedUse = { clientSince: undefined }
    account.sharedUses.add(use)
    const release = this.#once(() => {
      this.#sharedHeld -= bytes
      account.sharedHeld -= bytes
      account.sharedUses.delete(use)
    })
    const waitForClient = (isWaiting: boolean) => {
      use.clientSince = isWaiting ? this.#clock.monotonic() : undefined
    }
    return { release, waitForClient }
  }

  #once(give: () => void): () => void {
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      give()
      if (this.#waiting.length > 0) this.#serve()
    }
  }

  /** Serves those who wait, in order. Who waits only for what they hold themselves does not stop the others. */
  #serve(): void {
    let isSharedFree = true
    for (const waiter of [...this.#waiting]) {
      const { account, bytes } = waiter
      const lease = this.#fromOwn(account, bytes) ?? (isSharedFree ? this.#fromShared(account, bytes) : undefined)
      if (lease) this.#answer(waiter, lease)
      else if (account.sharedHeld + bytes <= this.limits.sharedBytesOfOne) isSharedFree = false
    }
    if (this.#waiting.length === 0) this.#watch?.abort()
  }

  #answer(waiter: Waiter, lease: Lease | undefined): void {
    this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
    waiter.grant(lease)
  }

  /** As long as somebody waits, looks for clients that keep shared memory for too long. */
  #startWatch(): void {
    if (this.#waiting.length === 0 || (this.#watch && !this.#watch.signal.aborted)) return
    const watch = new AbortController()
    this.#watch = watch
    const { stallMs } = this.limits
    const look = async (): Promise<void> => {
      while (!watch.signal.aborted) {
        await this.#clock.sleep(stallMs / 4, watch.signal)
        const latest = this.#clock.monotonic() - stallMs
        for (const account of [...this.#accounts])
          if (account.isStalledSince(latest) && this.#isNeeded(account)) account.cut()
      }
    }
    look().catch(() => undefined)
  }

  #isNeeded(account: MemoryAccount): boolean {
    return this.#waiting.some(waiter => waiter.account !== account)
  }
}

/** The memory of one connection. */
export class MemoryAccount {
  readonly #budget: MemoryBudget
  readonly cut: () => void
  /** Kept by the budget. */
  ownHeld = 0
  sharedHeld = 0
  readonly sharedUses = new Set<SharedUse>()

  constructor(budget: MemoryBudget, cut: () => void) {
    this.#budget = budget
    this.cut = cut
  }

  /** Memory for a request, at once or when there is some; undefined when the account was closed meanwhile. */
  take(bytes: number): Lease | Promise<Lease | undefined> {
    return this.#budget.take(this, bytes)
  }

  /** Whoever waits gets nothing. */
  cancel(): void {
    this.#budget.cancel(this)
  }

  /** When nothing is held any more. */
  close(): void {
    this.#budget.close(this)
  }

  isStalledSince(time: number): boolean {
    for (const { clientSince } of this.sharedUses) if (clientSince !== undefined && clientSince <= time) return true
    return false
  }
}
