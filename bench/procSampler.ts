import { readdirSync, readFileSync } from 'node:fs'

/** What a process tree has used so far. */
export interface TreeUsage {
  /** User and system time of every process seen, in seconds. */
  cpuSeconds: number
  /** Peak resident memory of the largest single process, in bytes. */
  peakBytes: number
}

/** The kernel reports times in ticks of 1/100 s on every architecture that Node runs on. */
const ticksPerSecond = 100

/**
 * Watches a process tree by polling /proc, for machines without GNU time. What a process uses after the last poll
 * before its end is missed, so the figures are slightly low. Call the returned function to stop and get them.
 */
export function watchTree(rootPid: number, intervalMs = 20): () => TreeUsage {
  const seen = new Map<number, TreeUsage>()
  const poll = (): void => {
    for (const pid of tree(rootPid)) {
      const usage = processUsage(pid)
      if (usage) seen.set(pid, usage)
    }
  }
  poll()
  const timer = setInterval(poll, intervalMs)
  return () => {
    clearInterval(timer)
    const all = [...seen.values()]
    return {
      cpuSeconds: all.reduce((sum, usage) => sum + usage.cpuSeconds, 0),
      peakBytes: Math.max(0, ...all.map(usage => usage.peakBytes)),
    }
  }
}

function tree(rootPid: number): number[] {
  const pids = [rootPid]
  for (let i = 0; i < pids.length; i++) {
    try {
      for (const task of readdirSync(`/proc/${pids[i]}/task`)) {
        const children = readFileSync(`/proc/${pids[i]}/task/${task}/children`, 'utf8').trim()
        if (children !== '') pids.push(...children.split(' ').map(Number))
      }
    } catch {
      // The process ended between two reads; what was seen of it stays.
    }
  }
  return pids
}

function processUsage(pid: number): TreeUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything; fields 14 and 15 (user and system ticks) are 12th and 13th behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      peakBytes: Number(peak?.[1] ?? 0) * 1024,
    }
  } catch {
    return undefined
  }
}
