import { cp, link, mkdir, rename, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Images, Profile } from './images.ts'
import { folderSize, measure, warm } from './measure.ts'
import { runQuietly } from './programs.ts'
import type { Invocation, Places, Tool } from './tool.ts'

/** The measured steps, in the order in which they run. */
export type Step = 'first' | 'unchanged' | `changed-${Profile}` | 'restore' | 'scrub'

/** One measured step of one tool in one round. */
export interface Sample {
  tool: string
  step: Step
  round: number
  seconds: number
  cpuSeconds: number
  peakBytes: number
  /** Lengths of all files of the repository after the step. */
  storedBytes: number
  /** Space that they take on the disk. */
  storedDiskBytes: number
  /** By how much `storedBytes` grew in this step. */
  growthBytes: number
}

export interface RoundOptions {
  /** Folder for sources, repositories and restored images; emptied. */
  workDir: string
  tools: Tool[]
  images: Images
  profiles: Profile[]
  rounds: number
  signal: AbortSignal
  say(line: string): void
}

export interface RoundResults {
  samples: Sample[]
  /** Tools that failed, and how; such a tool takes no part in the rest of the benchmark. */
  failures: { tool: string; message: string }[]
}

/**
 * Runs every step with every tool, one tool after the other, before the next step starts: the machine's moods then fall
 * on all of them alike. Each round starts with empty repositories, and with another tool.
 */
export async function runRounds(options: RoundOptions): Promise<RoundResults> {
  const results: RoundResults = { samples: [], failures: [] }
  for (let round = 0; round < options.rounds; round++) {
    await rm(options.workDir, { recursive: true, force: true })
    const turn = options.tools.map((_, index) => options.tools[(index + round) % options.tools.length]!)
    const contenders: Contender[] = []
    for (const tool of turn.filter(t => !results.failures.some(failure => failure.tool === t.name))) {
      contenders.push(await prepare(tool, options.workDir))
    }
    await runRound(round, contenders, options, results)
  }
  await rm(options.workDir, { recursive: true, force: true })
  return results
}

/** A tool with its folders in this round. */
interface Contender {
  tool: Tool
  places: Places
  failed: boolean
}

async function prepare(tool: Tool, workDir: string): Promise<Contender> {
  const home = join(workDir, 'tools', tool.name)
  await mkdir(home, { recursive: true })
  await mkdir(join(workDir, 'source'), { recursive: true })
  const places = { home, repository: join(home, 'repository'), image: join(workDir, 'source', 'disk.img') }
  return { tool, places, failed: false }
}

async function runRound(
  round: number,
  contenders: Contender[],
  options: RoundOptions,
  results: RoundResults,
): Promise<void> {
  /** Runs `action` for each tool that is still in; a failing tool is recorded and leaves. */
  const each = async (action: (contender: Contender) => Promise<void>): Promise<void> => {
    for (const contender of contenders.filter(c => !c.failed)) {
      try {
        await action(contender)
      } catch (error) {
        options.signal.throwIfAborted()
        contender.failed = true
        const message = error instanceof Error ? error.message : String(error)
        results.failures.push({ tool: contender.tool.name, message })
        options.say(`${contender.tool.name} FAILED: ${message}`)
      }
    }
  }
  const step = async (contender: Contender, name: Step, warmPath: string, invocation: Invocation): Promise<void> => {
    const sample = await measureStep(contender, round, name, warmPath, invocation, options.signal)
    results.samples.push(sample)
    options.say(
      `round ${round + 1} ${contender.tool.name.padEnd(10)} ${name.padEnd(16)} ${sample.seconds.toFixed(2)} s` +
        `  +${(sample.growthBytes / 2 ** 20).toFixed(1)} MiB`,
    )
  }
  const backup = (name: Step) => (contender: Contender) =>
    step(contender, name, contender.places.image, contender.tool.backup(contender.places, name))

  await each(async c => void (await measure(c.tool.init(c.places), options.signal)))
  await offer(options.images.before, options.workDir)
  await each(backup('first'))
  await offer(options.images.before, options.workDir)
  await each(backup('unchanged'))
  if (options.profiles.length > 1) await each(c => copyTree(c.places.home, `${c.places.home}.kept`))

  for (const [index, profile] of options.profiles.entries()) {
    if (index > 0) await each(c => putBack(c.places.home))
    const changed: Step = `changed-${profile}`
    await offer(options.images.after[profile], options.workDir)
    await each(backup(changed))
    if (index > 0) continue
    await each(c => restoreAndCompare(c, changed, options, inv => step(c, 'restore', c.places.repository, inv)))
    await each(c => step(c, 'scrub', c.places.repository, c.tool.scrub(c.places)))
  }
}

async function measureStep(
  contender: Contender,
  round: number,
  step: Step,
  warmPath: string,
  invocation: Invocation,
  signal: AbortSignal,
): Promise<Sample> {
  const before = await folderSize(contender.places.repository)
  // What the last tool wrote must not be written back while this one is measured.
  await runQuietly('sync', [])
  await warm(warmPath)
  const { seconds, cpuSeconds, peakBytes } = await measure(invocation, signal)
  const after = await folderSize(contender.places.repository)
  return {
    tool: contender.tool.name,
    step,
    round,
    seconds,
    cpuSeconds,
    peakBytes,
    storedBytes: after.apparentBytes,
    storedDiskBytes: after.diskBytes,
    growthBytes: after.apparentBytes - before.apparentBytes,
  }
}

/** Puts an image where the tools look for their source, with a new modification time, so that none may skip it by that. */
async function offer(image: string, workDir: string): Promise<void> {
  const source = join(workDir, 'source', 'disk.img')
  await rm(source, { force: true })
  await link(image, source)
  await utimes(source, new Date(), new Date())
}

async function restoreAndCompare(
  contender: Contender,
  label: Step,
  options: RoundOptions,
  restore: (invocation: Invocation) => Promise<void>,
): Promise<void> {
  const folder = join(options.workDir, 'restored')
  await mkdir(folder, { recursive: true })
  try {
    const invocation = contender.tool.restore(contender.places, label, folder)
    await restore(invocation)
    await runQuietly('cmp', [invocation.restored, contender.places.image])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const copyTree = (from: string, to: string): Promise<void> =>
  cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })

/** Takes a tool's folder back to the state that was kept after the unchanged backup. */
async function putBack(home: string): Promise<void> {
  await rm(home, { recursive: true, force: true })
  await rename(`${home}.kept`, home)
}
