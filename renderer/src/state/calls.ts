import { useCallback, useEffect, useRef, useState } from 'react'
import type { BridgeCalls } from '../../../engine/contract/appBridge.ts'
import type { WireError } from '../../../engine/contract/errors.ts'
import type { HelperContract } from '../../../engine/contract/helperContract.ts'
import type { CallInput, CallName, CallOutput } from '../../../engine/contract/rpcContract.ts'
import { useBridge, useHouse } from './context.ts'

export type Call = CallName<HelperContract>
export type Input<Name extends Call> = CallInput<HelperContract, Name>
export type Output<Name extends Call> = CallOutput<HelperContract, Name>

/** Asks the helper; what a broken bridge throws becomes an error, too. Never rejects. */
async function ask<Name extends Call>(calls: BridgeCalls, name: Name, input: Input<Name>) {
  try {
    return await calls[name](input)
  } catch (error) {
    const broken: WireError = { code: 'internal.bug', message: String(error), retryable: false }
    return { ok: false as const, error: broken }
  }
}

export interface CallHandle<Name extends Call> {
  /** Resolves to what came back, or to undefined after an error, which then stands in `error`. Never rejects. */
  call(input: Input<Name>): Promise<Output<Name> | undefined>
  busy: boolean
  error: WireError | null
  /** Of the last call that succeeded. */
  value: Output<Name> | undefined
  /** Forgets the error. */
  clear(): void
}

/** A call that a person starts: a button, a form. */
export function useCall<Name extends Call>(name: Name): CallHandle<Name> {
  const { calls } = useBridge()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<WireError | null>(null)
  const [value, setValue] = useState<Output<Name>>()
  const call = useCallback(
    async (input: Input<Name>) => {
      setBusy(true)
      setError(null)
      const reply = await ask(calls, name, input)
      setBusy(false)
      if (reply.ok) {
        setValue(reply.value)
        return reply.value
      }
      setError(reply.error)
      return undefined
    },
    [calls, name],
  )
  const clear = useCallback(() => setError(null), [])
  return { call, busy, error, value, clear }
}

export interface Query<Name extends Call> {
  value: Output<Name> | undefined
  error: WireError | null
  /** Under way; an older value may stand in `value` meanwhile. */
  loading: boolean
  again(): void
}

/**
 * A call that a screen makes to have something to show: at once, whenever its input changes (by content), when `stamp` changes
 * (a topic said that the answer may be another), and when the helper is there again. A null input asks nothing.
 */
export function useQuery<Name extends Call>(name: Name, input: Input<Name> | null, stamp: unknown = 0): Query<Name> {
  const { calls } = useBridge()
  const connected = useHouse(house => house.connection.state === 'connected')
  const [round, setRound] = useState(0)
  const [shown, setShown] = useState<{ value?: Output<Name>; error: WireError | null; key: string | null }>({
    error: null,
    key: null,
  })
  const [loading, setLoading] = useState(input !== null)
  const latest = useRef(0)
  const key = input === null ? null : JSON.stringify(input)
  const question = useRef(input)
  question.current = input

  // biome-ignore lint/correctness/useExhaustiveDependencies: stamp and round are there to ask again
  useEffect(() => {
    const mine = ++latest.current
    if (key === null || !connected || question.current === null) {
      setLoading(false)
      return
    }
    setLoading(true)
    void ask(calls, name, question.current).then(reply => {
      if (mine !== latest.current) return
      setLoading(false)
      if (reply.ok) setShown({ value: reply.value, error: null, key })
      else setShown(before => ({ ...(before.key === key ? before : {}), error: reply.error, key }))
    })
    return () => {
      latest.current++
    }
  }, [calls, name, key, connected, stamp, round])

  const again = useCallback(() => setRound(n => n + 1), [])
  const current = shown.key === key
  return { value: current ? shown.value : undefined, error: current ? shown.error : null, loading, again }
}
