import { isHoldfastError } from '../contract/errors.ts'
import { doubt } from './doubt.ts'
import { FreeSpace } from './freeSpace.ts'
import { NtfsLog } from './ntfsLog.ts'
import type { Volume } from './volume.ts'

/** Facts of the first sector of NTFS. */
export interface NtfsFacts {
  clusterBytes: number
  clusters: number
}

/** Reads the first sector (layout.h of libntfs-3g, NTFS_BOOT_SECTOR). A Doubt when it makes no sense. */
export function readNtfsBootSector(sector: Buffer): NtfsFacts {
  if (sector.length < 512 || sector.toString('latin1', 3, 11) !== 'NTFS    ')
    doubt('its first sector is not one of NTFS')
  const sectorBytes = sector.readUInt16LE(11)
  const told = sector.readUInt8(13)
  // Above 128 it is a negative power of two.
  const clusterSectors = told <= 128 ? told : 2 ** (256 - told)
  const sectors = Number(sector.readBigUInt64LE(40))
  const isPower = (value: number) => value > 0 && (value & (value - 1)) === 0
  const clusterBytes = sectorBytes * clusterSectors
  if (
    !isPower(sectorBytes) ||
    sectorBytes < 256 ||
    !isPower(clusterSectors) ||
    clusterBytes > 2 ** 21 ||
    sectors > 2 ** 44
  ) {
    doubt('the sizes in its first sector make no sense')
  }
  const clusters = Math.floor(sectors / clusterSectors)
  if (clusters === 0) doubt('the sizes in its first sector make no sense')
  return { clusterBytes, clusters }
}

/** Takes the content of $Bitmap in pieces (a bit for each cluster, the lowest first) and adds the clusters whose bit is 0. */
export class NtfsBitmap {
  readonly #facts: NtfsFacts
  readonly #free: FreeSpace
  #bytes = 0

  constructor(facts: NtfsFacts, free: FreeSpace) {
    this.#facts = facts
    this.#free = free
  }

  piece(piece: Buffer): void {
    const { clusters, clusterBytes } = this.#facts
    for (const byte of piece) {
      const first = this.#bytes++ * 8
      if (byte === 0xff || first >= clusters) continue
      if (byte === 0 && first + 8 <= clusters) {
        this.#free.add(first * clusterBytes, (first + 8) * clusterBytes)
        continue
      }
      for (let bit = 0; bit < 8 && first + bit < clusters; bit++) {
        if (((byte >> bit) & 1) === 0) this.#free.add((first + bit) * clusterBytes, (first + bit + 1) * clusterBytes)
      }
    }
  }

  end(): void {
    // ntfscat prints nothing of a volume that is marked as not in order, and no error either.
    if (this.#bytes === 0) doubt('Windows did not shut it down cleanly, or it has errors')
    if (this.#bytes * 8 < this.#facts.clusters) doubt('its bitmap ends too early')
  }
}

/** Free clusters of NTFS, by ntfscat, if Windows is neither asleep in it nor left it with work to do. */
export async function readNtfs(volume: Volume): Promise<FreeSpace> {
  const facts = readNtfsBootSector(await volume.read(0, 512))
  if (facts.clusters * facts.clusterBytes > volume.sizeBytes) doubt('its file system is larger than itself')
  // A freeze does not reach ntfs-3g, which is a program and may hold back what belongs to its files.
  if (volume.frozen) doubt('NTFS that is mounted cannot be held still')
  const log = new NtfsLog()
  await volume.run('ntfscat', ['-q', '-i', '2', volume.path], piece => log.piece(piece))
  log.end()
  await requireAwake(volume)
  const free = new FreeSpace(volume.sizeBytes)
  const bitmap = new NtfsBitmap(facts, free)
  await volume.run('ntfscat', ['-q', '-i', '6', volume.path], piece => bitmap.piece(piece))
  bitmap.end()
  return free
}

/**
 * A Doubt when Windows sleeps in it, which a quick start-up is as well: then what is in memory, and saved in the file hiberfil.sys,
 * is newer than the disk. The file begins with "hibr" then (ntfs_volume_check_hiberfile of libntfs-3g); any other beginning than
 * zeros is not understood.
 */
async function requireAwake(volume: Volume): Promise<void> {
  const headBytes = 4096
  const head: Buffer[] = []
  let seen = 0
  const enough = new AbortController()
  const signals = [enough.signal, ...(volume.signal ? [volume.signal] : [])]
  const onPiece = (piece: Buffer) => {
    if (seen < headBytes) head.push(piece)
    seen += piece.length
    // It is as large as memory.
    if (seen >= headBytes) enough.abort()
  }
  try {
    await volume.run('ntfscat', ['-q', volume.path, 'hiberfil.sys'], onPiece, AbortSignal.any(signals))
  } catch (error) {
    if (volume.signal?.aborted) throw error
    if (isHoldfastError(error, 'source.unsupported') && /No such file or directory/.test(error.message)) return
    if (!enough.signal.aborted) throw error
  }
  if (
    seen > 0 &&
    Buffer.concat(head)
      .subarray(0, headBytes)
      .some(byte => byte !== 0)
  ) {
    doubt('Windows sleeps in it: its quick start-up does that, too')
  }
}
