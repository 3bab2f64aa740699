import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../engine/base/clock.ts'
import type { CommandOptions, CommandResult } from '../../../engine/base/command.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import { cancelled } from '../../../engine/contract/errors.ts'
import { LvmDriver } from '../../../engine/lvm/driver.ts'
import { parseVolumes } from '../../../engine/lvm/report.ts'
import type { LvmContext } from '../../../engine/lvm/system.ts'
import { recorded } from './recorded.ts'

interface Call {
  line: string
  options: CommandOptions
}

type Answer = Partial<{ exitCode: number; stdout: string; stderr: string }>

/**
 * A computer with LVM as it was recorded, with names as ours are now. Programs that only look answer as recorded; a test says what
 * others answer, by the beginning of their line.
 */
export class FakeLvm {
  readonly folder: string
  readonly calls: Call[] = []
  readonly logged: string[] = []
  readonly answers = new Map<string, (line: string) => Answer | Promise<Answer>>()
  readonly context: LvmContext
  readonly driver: LvmDriver
  heldRoot: string | undefined
  volumes = recorded('lvs').replaceAll('holdfast-', 'holdfast_')
  groups = recorded('vgs')
  missing: string[] = []
  #now = 0

  /** `folder` is an empty one. */
  constructor(folder: string) {
    this.folder = folder
    const clock: Clock = {
      now: () => this.#now,
      monotonic: () => this.#now,
      sleep: async ms => {
        this.#now += ms
        // Others have their turn meanwhile.
        await new Promise(resolve => setTimeout(resolve, 2))
      },
    }
    this.context = {
      system: {
        run: (program, args, options) => this.#run(program, args, options),
        find: async program => (this.missing.includes(program) ? undefined : `/usr/sbin/${program}`),
        isRoot: true,
        access: {
          sysRoot: join(folder, 'sys'),
          procRoot: join(folder, 'proc'),
          identify: async path => ({
            kind: path.startsWith('/dev/') ? 'device' : 'file',
            realPath: path,
            fileSystemId: '0:1',
            inode: '1',
            deviceId: path.replace('/dev/', ''),
            sizeBytes: 0,
          }),
        },
        mapperFolder: join(folder, 'mapper'),
        lockFolder: join(folder, 'lock'),
        clock,
      },
      logger: createLogger({ level: 'debug', write: line => void this.logged.push(line) }),
      stateDir: join(folder, 'state'),
    }
    this.driver = new LvmDriver(this.context)
  }

  /** Fills /sys with the devices that were recorded: dm-0, dm-1 …, found as /dev/NAME. */
  async boot(): Promise<void> {
    const lines = recorded('dmsetup-info').replaceAll('holdfast--', 'holdfast_').trim().split('\n')
    const sys = join(this.folder, 'sys')
    for (const [index, line] of lines.entries()) {
      const [name, uuid] = line.split(':') as [string, string]
      for (const place of [join(sys, 'block', `dm-${index}`), join(sys, 'dev/block', name)]) {
        await mkdir(join(place, 'dm'), { recursive: true })
        await writeFile(join(place, 'dm/name'), `${name}\n`)
        await writeFile(join(place, 'dm/uuid'), `${uuid}\n`)
        await writeFile(join(place, 'size'), '114688\n')
      }
    }
    const at = (end: string) => lines.findIndex(line => line.endsWith(end))
    const slave = join(sys, 'block', `dm-${at('-tpool')}`, 'slaves', `dm-${at('-tmeta')}`, 'dm')
    await mkdir(slave, { recursive: true })
    const [name, uuid] = lines[at('-tmeta')]!.split(':')
    await writeFile(join(slave, 'name'), `${name}\n`)
    await writeFile(join(slave, 'uuid'), `${uuid}\n`)
  }

  /** Lines of programs that ran, without those that only look at LVM. */
  get lines(): string[] {
    return this.calls.map(({ line }) => line).filter(line => !/^(lvs|vgs|udevadm|dmsetup status) /.test(line))
  }

  idOf(name: string): string {
    return parseVolumes(this.volumes).find(volume => volume.name === name)!.id
  }

  snapshot(name: string) {
    return { id: this.idOf(name), name, sizeBytes: 268_435_456 }
  }

  async #run(program: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
    if (options.signal?.aborted) throw cancelled(program)
    const line = [program, ...args].join(' ')
    this.calls.push({ line, options })
    const known = [...this.answers].find(([beginning]) => line.startsWith(beginning))?.[1]
    const { exitCode = 0, stdout = '', stderr = '' } = known ? await known(line) : this.#answer(line)
    if (options.onOutput !== undefined) options.onOutput(Buffer.from(stdout))
    return { exitCode, stdout: Buffer.from(stdout), stderr }
  }

  #answer(line: string): Answer {
    if (line.startsWith('lvs ')) return { stdout: this.volumes }
    if (line.startsWith('vgs ')) return { stdout: this.groups }
    if (line.startsWith('dmsetup status ')) {
      const pool = `0 409600 thin-pool 4 113/1024 178/3200 ${this.heldRoot ?? '-'} rw discard_passdown queue_if_no_space - 256`
      return { stdout: line.endsWith('-tpool') ? pool : '0 114688 snapshot 2448/16384 24' }
    }
    if (line.endsWith('reserve_metadata_snap')) {
      this.heldRoot = '56'
      return {}
    }
    if (line.endsWith('release_metadata_snap')) {
      this.heldRoot = undefined
      return {}
    }
    if (line.startsWith('thin_delta ')) return { stdout: recorded('thin_delta') }
    if (line.startsWith('thin_dump ')) return { stdout: recorded('thin_dump') }
    return {}
  }
}
