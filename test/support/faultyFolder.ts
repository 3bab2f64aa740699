import type { FileHandle } from 'node:fs/promises'
import { type FolderCalls, folderCalls } from '../../engine/secrets/privateFolder.ts'

/** Calls of the file system of which one fails: before it does anything, or after it did all. */
export interface FaultyFolder {
  calls: FolderCalls
  /** Lets the n-th call from now on (from 0) fail with `error`. */
  failAt(n: number, when: 'before' | 'after', error: unknown): void
  /** Whether that call came, and which it was. */
  failed(): string | undefined
  /** No call fails any more. */
  heal(): void
}

export function faultyFolder(): FaultyFolder {
  let fault: { left: number; when: 'before' | 'after'; error: unknown } | undefined
  let failed: string | undefined

  const wrap =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const isHit = fault !== undefined && fault.left-- === 0
      if (!isHit) return call(...args)
      failed = name
      const { when, error } = fault!
      if (when === 'after') {
        const result = await call(...args)
        if (name === 'open') await (result as FileHandle).close()
      }
      throw error
    }

  const wrapFile = (file: FileHandle): FileHandle =>
    new Proxy(file, {
      get(target, property) {
        const value = Reflect.get(target, property) as unknown
        if (typeof value !== 'function') return value
        const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>
        return property === 'stat' || property === 'read' ? wrap(`file.${property}`, method) : method
      },
    })

  const entries = Object.entries(folderCalls).map(([name, call]) => [name, wrap(name, call)])
  const calls = Object.fromEntries(entries) as FolderCalls
  const open = calls.open
  calls.open = async (...args) => wrapFile(await open(...args))

  return {
    calls,
    failAt(n, when, error) {
      fault = { left: n, when, error }
      failed = undefined
    },
    failed: () => failed,
    heal() {
      fault = undefined
    },
  }
}
