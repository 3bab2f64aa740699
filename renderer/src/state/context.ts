import { createContext, useContext, useEffect, useState } from 'react'
import { type StoreApi, useStore } from 'zustand'
import type { AppBridge, AppShell } from '../../../engine/contract/appBridge.ts'
import type { House } from './house.ts'

/** What every screen stands on: the bridge, what it has told, and the time. */
export interface Ground {
  bridge: AppBridge
  store: StoreApi<House>
  /** Milliseconds since 1970; a stage for pictures holds it still. */
  clock(): number
}

export const GroundContext = createContext<Ground | null>(null)

function useGround(): Ground {
  const ground = useContext(GroundContext)
  if (!ground) throw new Error('A screen was drawn outside of the app.')
  return ground
}

export const useBridge = (): AppBridge => useGround().bridge
export const useShell = (): AppShell => useGround().bridge.shell
export const useClock = (): (() => number) => useGround().clock

/** A part of the house; `selector` must give the same thing for the same house, or a plain value. */
export function useHouse<Part>(selector: (house: House) => Part): Part {
  return useStore(useGround().store, selector)
}

/** The time, told anew every so many milliseconds. */
export function useNow(everyMs = 30_000): number {
  const clock = useClock()
  const [now, setNow] = useState(clock)
  useEffect(() => {
    const timer = setInterval(() => setNow(clock()), everyMs)
    return () => clearInterval(timer)
  }, [clock, everyMs])
  return now
}
