import type { ProcessFacts } from '../../engine/helper/access/peer.ts'

export interface FakeProcess {
  startTicks: string
  uids: number[]
  session?: string
}

/** A list of processes by their numbers; a test changes it while things go on. */
export function fakeProcesses(processes: Map<number, FakeProcess>): ProcessFacts {
  return {
    startTicks: pid => processes.get(pid)?.startTicks ?? '',
    uids: pid => processes.get(pid)?.uids ?? [],
    session: pid => processes.get(pid)?.session ?? '',
  }
}

/** A program of user 1000 and one of root. */
export const alice = { pid: 50, uid: 1000, startTicks: '700' }
export const root = { pid: 60, uid: 0, startTicks: '800' }

/** Both of them as running. */
export const twoProcesses = () =>
  new Map<number, FakeProcess>([
    [50, { startTicks: '700', uids: [1000, 1000, 1000, 1000], session: 'session-3' }],
    [60, { startTicks: '800', uids: [0, 0, 0, 0] }],
  ])
