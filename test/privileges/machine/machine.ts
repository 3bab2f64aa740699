import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const here = import.meta.dirname
const checkout = join(here, '../../..')
/** It is switched off after this many seconds, whatever the tests do. Packages are large and take their time. */
const lifetimeSeconds = (service: Service) => (service === 'package' ? 400 : 170)

export interface Ended {
  exitCode: number
  stdout: string
  stderr: string
}

/** Holdfast's own service; the stand-in of the tests; nothing of Holdfast, until a test installs the package. */
type Service = 'daemon' | 'stand-in' | 'package'

/** A small computer in namespaces: systemd, D-Bus, logind, polkit, the packaged files; users alice, bob and carol. */
export class Machine {
  readonly #launcher: ChildProcess
  readonly #service: Service
  /** Where its files were put together. */
  readonly folder: string
  /** Its first process, as this computer calls it. */
  readonly firstPid: number

  private constructor(launcher: ChildProcess, service: Service, folder: string, firstPid: number) {
    this.#launcher = launcher
    this.#service = service
    this.folder = folder
    this.firstPid = firstPid
  }

  /** The process that switches it off and cleans up. */
  get launcherPid(): number {
    return this.#launcher.pid ?? 0
  }

  /** Resolves when it has booted and the service, if there is one yet, runs. */
  static async start(service: Service = 'daemon'): Promise<Machine> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
    const args = [
      '--pdeathsig',
      'TERM',
      join(here, 'launch.sh'),
      folder,
      checkout,
      String(lifetimeSeconds(service)),
      service,
    ]
    const launcher = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [launcher.stdout, launcher.stderr]) stream.on('data', text => (said += text))
    let ended = false
    launcher.on('close', () => (ended = true))
    while (!ended) {
      const pid = await firstProcessBelow(launcher.pid ?? 0)
      if (pid !== undefined) {
        const machine = new Machine(launcher, service, folder, pid)
        try {
          await machine.#waitUntilUp()
        } catch (error) {
          await machine.stop()
          throw error
        }
        return machine
      }
      await delay(50)
    }
    await rm(folder, { recursive: true, force: true })
    throw new Error(`The test computer does not start: ${said}`)
  }

  async #waitUntilUp(): Promise<void> {
    let state = ''
    // Until systemd listens, there is nobody to ask.
    while (['', 'offline', 'unknown', 'initializing', 'starting'].includes(state) && this.#launcher.exitCode === null) {
      state = (await this.run(['systemctl', 'is-system-running'])).stdout.trim()
      await delay(50)
    }
    if (state === 'running') {
      const untilLoggedIn = 'until loginctl list-sessions --no-legend | grep -q alice; do sleep 0.02; done'
      await this.must('sh', '-c', `systemctl start holdfast-test-session.service && ${untilLoggedIn}`)
      return this.#service === 'package' ? undefined : this.untilServiceListens()
    }
    const failed = await this.run(['systemctl', '--no-pager', '--failed'])
    const log = await this.run(['journalctl', '--no-pager', '-n', '60'])
    throw new Error(`The test computer is ${state}\n${failed.stdout}\n${log.stdout}`)
  }

  /** A start of the service counts when its program runs; this waits until it takes calls. */
  async untilServiceListens(): Promise<void> {
    // Before the limit of a hook, which would leave this computer to its end by time.
    const latest = Date.now() + 40_000
    while ((await this.run(['sh', '-c', listens[this.#service]])).exitCode !== 0) {
      const hasFailed = (await this.run(['systemctl', 'is-failed', 'holdfast.service'])).exitCode === 0
      if (hasFailed || Date.now() > latest) {
        throw new Error(`The service takes no calls:\n${await this.must('journalctl', '--no-pager', '-u', 'holdfast')}`)
      }
      await delay(50)
    }
  }

  /** Arguments of nsenter(1) that lead to root's shell there. */
  #enter(command: readonly string[]): string[] {
    const spaces = ['--mount', '--pid', '--cgroup', '--uts', '--ipc', '--net', '--root', '--wd']
    return ['--target', String(this.firstPid), ...spaces, '--', ...command]
  }

  /** Runs a command there as root, or as a user without a login session. Resolves with any exit code. */
  run(command: readonly string[], options: { user?: string } = {}): Promise<Ended> {
    const as = options.user === undefined ? [] : asUser(options.user)
    return new Promise((resolve, reject) => {
      execFile('nsenter', this.#enter([...as, ...command]), { env, timeout: 60_000 }, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') return reject(error)
        resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr })
      })
    })
  }

  /** Runs a command there as root, which must succeed; gives what it prints. */
  async must(...command: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(command)
    if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`)
    return stdout.trim()
  }

  /** Starts a command there as a user: at the computer itself, or from nowhere, without a login session. */
  spawn(user: string, place: 'seat' | 'nowhere', command: readonly string[]): ChildProcess {
    const session = ['--property=PAMName=holdfast-test', '--property=Environment=XDG_SEAT=seat0 XDG_SESSION_TYPE=tty']
    const login = ['systemd-run', '--quiet', '--pipe', '--wait', '--collect', `--uid=${user}`, ...session]
    const args = this.#enter([...(place === 'seat' ? login : asUser(user)), ...command])
    return spawn('nsenter', args, { env, stdio: 'pipe' })
  }

  /** Process number of the service, as it is called there. */
  async servicePid(): Promise<string> {
    return this.must('systemctl', 'show', '--property=MainPID', '--value', 'holdfast.service')
  }

  /** Runs a shell script in the mount namespace of the service, with root's full rights. */
  async inService(script: string): Promise<Ended> {
    return this.run(['nsenter', '--target', await this.servicePid(), '--mount', 'sh', '-c', script])
  }

  /** Whether something is mounted at a path, as the whole computer sees it or as the service does. */
  async isMounted(path: string, where: 'outside' | 'service'): Promise<boolean> {
    const command = `grep -q ' ${path} ' /proc/self/mountinfo`
    const { exitCode } = await (where === 'service' ? this.inService(command) : this.run(['sh', '-c', command]))
    return exitCode === 0
  }

  /** Runs a shell script as root in the very sandbox of the service: its unit with another program. */
  async inSandbox(script: string): Promise<Ended> {
    await this.write('/etc/holdfast-probe.sh', script)
    const { exitCode, stderr } = await this.run(['systemctl', 'start', 'holdfast-probe.service'])
    const [out, err] = await Promise.all(['out', 'err'].map(name => this.run(['cat', `/run/probe.${name}`])))
    return { exitCode, stdout: out?.stdout ?? '', stderr: `${err?.stdout}${exitCode === 0 ? '' : stderr}` }
  }

  /** Writes a file there. */
  async write(path: string, text: string): Promise<void> {
    await this.must('sh', '-c', 'printf %s "$1" >"$2"', 'sh', text, path)
  }

  /** Copies a file of this computer there. */
  async copy(from: string, to: string): Promise<void> {
    await copyFile(from, `/proc/${this.firstPid}/root${to}`)
  }

  /** Makes a block device of this computer known there, under the same path. */
  async showDevice(path: string): Promise<void> {
    const { rdev } = await stat(path)
    await this.run([
      'mknod',
      '-m',
      '0600',
      path,
      'b',
      String((rdev >> 8) & 0xfff),
      String((rdev & 0xff) | ((rdev >> 12) & 0xfff00)),
    ])
  }

  /** Ends all of it and waits until nothing is left. */
  async stop(): Promise<void> {
    if (this.#launcher.exitCode === null && this.#launcher.signalCode === null) {
      this.#launcher.kill('SIGTERM')
      await once(this.#launcher, 'close')
    }
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** The stand-in takes anything for a beginning; the real service is asked something. */
const answers = 'systemctl is-active --quiet holdfast.service && holdfast job list'
const listens = {
  daemon: answers,
  package: answers,
  'stand-in': 'systemctl is-active --quiet holdfast.service && grep -q " /run/holdfast/helper.sock$" /proc/net/unix',
}
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' }
const asUser = (user: string) => ['setpriv', '--reuid', user, '--regid', user, '--init-groups']

/** The systemd that is the first process of a namespace, somewhere below a process; undefined until it runs. */
async function firstProcessBelow(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  if (/^NSpid:\s+\d+\s+1$/m.test(status) && /^Name:\s+systemd$/m.test(status)) return pid
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
  for (const task of tasks) {
    const children = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')
    for (const child of children.split(' ').filter(text => text !== '')) {
      const found = await firstProcessBelow(Number(child))
      if (found !== undefined) return found
    }
  }
  return undefined
}

function tryNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root'
  // Files of tests try at the same time.
  const group = `holdfast-test-try-${process.pid}`
  const script =
    'd=$(mktemp -d) && mount -t tmpfs t "$d" && mkdir "$d/u" "$d/w" "$d/c" "$d/o" && \
    mount -t cgroup2 c "$d/c" && mkdir "$d/c/$group" && rmdir "$d/c/$group" && \
    mount -t overlay -o "lowerdir=/,upperdir=$d/u,workdir=$d/w" o "$d/o" && umount -R "$d" && rmdir "$d"'
  const spaces = ['--mount', '--pid', '--uts', '--ipc', '--net', '--fork']
  const tried = spawnSync('unshare', [...spaces, 'sh', '-c', script], { encoding: 'utf8', env: { ...env, group } })
  return tried.status === 0 ? undefined : `${tried.error?.message ?? tried.stderr.trim()}`
}

/** Why such a computer cannot be had here; undefined when it can. */
export const noMachine = tryNamespaces()
if (noMachine !== undefined) console.warn(`Tests of privileges are skipped: ${noMachine}`)
