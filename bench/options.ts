import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { type Profile, profiles } from './images.ts'

export interface BenchOptions {
  sizeBytes: number
  tools: string[]
  rounds: number
  profiles: Profile[]
  /** Everything is made in a folder `holdfast-bench` in here. */
  work: string
  keep: boolean
  json: string | undefined
  extra: boolean
  write: boolean
}

export const usage = `npm run bench -- [options]
  --size SIZE       size of the disk image (default 2GiB)
  --tools A,B,…     holdfast, restic, borg, borg-fixed (default holdfast,restic,borg)
  --rounds N        rounds; figures are medians (default 3)
  --profile P       baseline, heavy or both (default both)
  --work DIR        where to work; needs about 6 times the size of the image (default: the folder for temporary files)
  --keep            keep the images for the next run
  --json FILE       also write all samples and results to FILE
  --extra           also measure sparse disks of 10 TiB and 1 TiB (Holdfast alone)
  --write           put the results into docs/benchmarks.md

npm run bench -- helper-memory
  instead: whether a helper with 20 jobs and 3 repositories keeps its memory for a day, which takes some minutes

npm run bench -- screens
  instead: how long the app takes to open with 10 000 versions, 200 jobs and 4 backups under way; needs Chromium

npm run bench -- nbd
  instead: reading a version over NBD, against qemu-nbd serving the raw image; needs qemu-nbd, nbdcopy, nbdinfo and fio

npm run bench -- s3
  instead: bringing 2 GiB to an S3 server on this computer, against rclone; needs radosgw and rclone

npm run bench -- far
  instead: everyday commands on a bucket that is 40 ms away; needs radosgw`

/** Benchmarks that are run instead, by what they are asked for with. */
const others = ['helper-memory', 'screens', 'nbd', 's3', 'far'] as const

const units: Record<string, number> = { MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

/** Reads the command line; throws an Error with one plain sentence when it makes no sense. */
export function parseOptions(args: string[]): BenchOptions | 'help' | (typeof others)[number] {
  const other = others.find(name => args.length === 1 && args[0] === name)
  if (other !== undefined) return other
  const { values } = parseArgs({
    args,
    options: {
      size: { type: 'string', default: '2GiB' },
      tools: { type: 'string', default: 'holdfast,restic,borg' },
      rounds: { type: 'string', default: '3' },
      profile: { type: 'string', default: 'both' },
      work: { type: 'string', default: tmpdir() },
      keep: { type: 'boolean', default: false },
      json: { type: 'string' },
      extra: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const size = /^(\d+)(MiB|GiB|TiB)$/.exec(values.size)
  if (!size) throw new Error(`--size ${values.size} is not a size such as 512MiB or 2GiB.`)
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds} is not a positive number.`)
  const chosen = profiles.filter(profile => values.profile === 'both' || values.profile === profile)
  if (chosen.length === 0) throw new Error(`--profile ${values.profile} is not baseline, heavy or both.`)
  return {
    sizeBytes: Number(size[1]) * units[size[2]!]!,
    tools: values.tools.split(',').filter(name => name !== ''),
    rounds,
    profiles: chosen,
    work: values.work,
    keep: values.keep,
    json: values.json,
    extra: values.extra,
    write: values.write,
  }
}
