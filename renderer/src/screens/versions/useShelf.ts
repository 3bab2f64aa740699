import { startTransition, useCallback, useEffect, useRef, useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { useBridge, useHouse } from '../../state/context.ts'
import { keyOf } from './shelf.ts'

const pageSize = 500
/** A version that a page is to go on after may be removed meanwhile; then it all begins anew. */
const attempts = 3

export interface Shelf {
  /** Newest first. */
  versions: readonly LibraryVersion[]
  /** These are all. */
  complete: boolean
  error: WireError | null
  again(): void
  /** Shows something of versions that the service has just agreed to; its topic brings the rest. */
  patch(versions: readonly LibraryVersion[], facts: Partial<LibraryVersion>): void
  forget(versions: readonly LibraryVersion[]): void
}

/** All versions that the service remembers, page by page; anew whenever it says that there are others. */
export function useShelf(): Shelf {
  const { calls } = useBridge()
  const isConnected = useHouse(house => house.connection.state === 'connected')
  const library = useHouse(house => house.library)
  const isRefused = useHouse(house => house.refused.library !== undefined)
  const [round, setRound] = useState(0)
  const [versions, setVersions] = useState<readonly LibraryVersion[]>([])
  const [complete, setComplete] = useState(false)
  const [error, setError] = useState<WireError | null>(null)
  const isFirst = useRef(true)

  // biome-ignore lint/correctness/useExhaustiveDependencies: library and round are there to ask again
  useEffect(() => {
    if (!isConnected || (library === null && !isRefused)) return
    let isOpen = true
    const load = async (attempt: number): Promise<void> => {
      const all: LibraryVersion[] = []
      for (;;) {
        const last = all.at(-1)
        const after = last && { destination: last.destination, version: last.id }
        const reply = await calls['versions.list']({ limit: pageSize, ...(after && { after }) })
        if (!isOpen) return
        if (!reply.ok) {
          if (reply.error.code === 'repository.versionNotFound' && attempt < attempts) return await load(attempt + 1)
          setError(reply.error)
          return
        }
        all.push(...reply.value.versions)
        const isLast = !reply.value.more || reply.value.versions.length === 0
        // The first page is shown at once, the rest when all of it is there: each change of a long list costs.
        if (isLast || (isFirst.current && !last)) startTransition(() => setVersions([...all]))
        if (isLast) {
          isFirst.current = false
          startTransition(() => setComplete(true))
          setError(null)
          return
        }
        // Lets the window draw and answer between two pages.
        await new Promise(resolve => setTimeout(resolve))
        if (!isOpen) return
      }
    }
    load(1).catch(thrown => {
      if (isOpen) setError({ code: 'internal.bug', message: String(thrown), retryable: false })
    })
    return () => {
      isOpen = false
    }
  }, [calls, isConnected, library, isRefused, round])

  const again = useCallback(() => {
    setError(null)
    setRound(n => n + 1)
  }, [])
  const patch = useCallback((changed: readonly LibraryVersion[], facts: Partial<LibraryVersion>) => {
    const keys = new Set(changed.map(keyOf))
    setVersions(all => all.map(one => (keys.has(keyOf(one)) ? { ...one, ...facts } : one)))
  }, [])
  const forget = useCallback((gone: readonly LibraryVersion[]) => {
    const keys = new Set(gone.map(keyOf))
    setVersions(all => all.filter(one => !keys.has(keyOf(one))))
  }, [])
  return { versions, complete, error, again, patch, forget }
}
