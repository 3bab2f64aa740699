import { type RefObject, useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react'

/** Rows of known heights, of which only those near the window are drawn. */

/** Where each row begins; the last number is where all end. */
export function offsetsOf(heights: readonly number[]): number[] {
  const offsets = [0]
  for (const height of heights) offsets.push(offsets.at(-1)! + height)
  return offsets
}

/** The rows [first, end) that touch the stretch [from, to). */
export function rowsWithin(offsets: readonly number[], from: number, to: number): { first: number; end: number } {
  const count = offsets.length - 1
  const first = Math.max(0, lastAtOrBefore(offsets, from))
  let end = first
  while (end < count && offsets[end]! < to) end++
  return { first: Math.min(first, count), end }
}

function lastAtOrBefore(offsets: readonly number[], value: number): number {
  let [low, high] = [0, offsets.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (offsets[middle]! <= value) low = middle
    else high = middle - 1
  }
  return low
}

/** Drawn beyond both edges of the window, so that what is tabbed to is there already. */
const beyondPx = 400

export interface VirtualRows {
  list: RefObject<HTMLUListElement | null>
  offsets: readonly number[]
  first: number
  end: number
  /** Brings a row to the top of the window. */
  scrollTo(row: number): void
}

/** `heights` must be the same array as long as the rows are the same. The list lies somewhere in what `scroller` names. */
export function useVirtualRows(heights: readonly number[], scroller: string): VirtualRows {
  const list = useRef<HTMLUListElement>(null)
  const offsets = useMemo(() => offsetsOf(heights), [heights])
  const [range, setRange] = useState({ first: 0, end: 0 })

  useLayoutEffect(() => {
    const element = list.current
    const window = element?.closest(scroller)
    if (!element || !window) return
    const look = () => {
      const top = window.getBoundingClientRect().top - element.getBoundingClientRect().top
      const next = rowsWithin(offsets, top - beyondPx, top + window.clientHeight + beyondPx)
      setRange(before => (before.first === next.first && before.end === next.end ? before : next))
    }
    look()
    window.addEventListener('scroll', look, { passive: true })
    const sizes = new ResizeObserver(look)
    sizes.observe(window)
    sizes.observe(element)
    return () => {
      window.removeEventListener('scroll', look)
      sizes.disconnect()
    }
  }, [offsets, scroller])

  const scrollTo = useCallback(
    (row: number) => {
      const element = list.current
      const window = element?.closest(scroller)
      if (!element || !window) return
      const top = element.getBoundingClientRect().top - window.getBoundingClientRect().top + window.scrollTop
      window.scrollTo({ top: top + (offsets[row] ?? 0) - 12 })
    },
    [offsets, scroller],
  )

  const end = Math.min(range.end, offsets.length - 1)
  return { list, offsets, first: Math.min(range.first, end), end, scrollTo }
}
