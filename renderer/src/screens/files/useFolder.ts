import { useCallback, useEffect, useRef, useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import type { FileEntry } from '../../../../engine/contract/files.ts'
import type { Input } from '../../state/calls.ts'
import { useBridge, useHouse } from '../../state/context.ts'
import { entryAt, missingFrom, noPages, type Pages, pageSize, withPage } from './pages.ts'

export type FolderQuestion = Omit<Input<'files.list'>, 'offset' | 'limit'>

export interface Folder {
  pages: Pages
  error: WireError | null
  again(): void
  /** These are looked at now; what of them is missing is asked for. */
  want(first: number, end: number): void
  /** Entries at these places, asked for where they are missing; null after an error, which then stands in `error`. */
  entriesAt(places: readonly number[]): Promise<FileEntry[] | null>
}

/** A folder that is read page by page, as it is looked at. One page is asked for at a time, and always one that is wanted now. */
export function useFolder(question: FolderQuestion): Folder {
  const { calls } = useBridge()
  const isConnected = useHouse(house => house.connection.state === 'connected')
  const key = JSON.stringify(question)
  const [shown, setShown] = useState<{ key: string; pages: Pages; error: WireError | null }>({
    key,
    pages: noPages,
    error: null,
  })
  const [round, setRound] = useState(0)
  // What is known, for those who ask between two drawings.
  const state = useRef({ key, pages: noPages, wanted: [0, 1] as readonly [number, number], isBusy: false })

  const read = useCallback(
    async (asked: FolderQuestion, mine: string, offset: number): Promise<boolean> => {
      const reply = await calls['files.list']({ ...asked, offset, limit: pageSize })
      if (state.current.key !== mine) return false
      if (!reply.ok) {
        setShown({ key: mine, pages: state.current.pages, error: reply.error })
        return false
      }
      const { entries, total } = reply.value
      state.current.pages = withPage(state.current.pages, offset, entries, total)
      setShown({ key: mine, pages: state.current.pages, error: null })
      // A folder that says it has more than it gives would be asked for ever.
      return entries.length > 0
    },
    [calls],
  )

  const fetchWanted = useCallback(
    async (asked: FolderQuestion, mine: string): Promise<void> => {
      const now = state.current
      if (now.isBusy || now.key !== mine) return
      now.isBusy = true
      try {
        for (;;) {
          const offset = missingFrom(state.current.pages, ...state.current.wanted)
          if (offset === null || state.current.key !== mine) return
          if (!(await read(asked, mine, offset))) return
        }
      } finally {
        now.isBusy = false
      }
    },
    [read],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the question; round is there to ask again
  useEffect(() => {
    state.current = { key, pages: noPages, wanted: [0, 1], isBusy: false }
    setShown({ key, pages: noPages, error: null })
    if (isConnected) void fetchWanted(question, key)
  }, [key, isConnected, round, fetchWanted])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the question
  const want = useCallback(
    (first: number, end: number) => {
      if (state.current.key !== key) return
      state.current.wanted = [first, end]
      // Before the first page, nobody knows how many there are.
      if (state.current.pages.total !== null) void fetchWanted(question, key)
    },
    [key, fetchWanted],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the question
  const entriesAt = useCallback(
    async (places: readonly number[]) => {
      for (;;) {
        const { pages } = state.current
        const missing = places.find(place => !entryAt(pages, place))
        if (missing === undefined) return places.map(place => entryAt(pages, place)!)
        const offset = missingFrom(pages, missing, missing + 1)
        if (offset === null || !(await read(question, key, offset))) return null
      }
    },
    [key, read],
  )

  const again = useCallback(() => setRound(n => n + 1), [])
  const isCurrent = shown.key === key
  return {
    pages: isCurrent ? shown.pages : noPages,
    error: isCurrent ? shown.error : null,
    again,
    want,
    entriesAt,
  }
}
