import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** What LVM 2.03.16 and thin-provisioning-tools 0.9.0 printed on Debian 12, on a computer with the groups my-vg and two. */
export const recorded = (name: string): string =>
  readFileSync(join(import.meta.dirname, 'recorded', `${name}.txt`), 'utf8')

/** The first 6 MB of the store of two/holdfast-s1. Chunks 10, 2000, 5000 and 7000 to 7299 of two/root were written. */
export const recordedStore = (): Buffer => gunzipSync(readFileSync(join(import.meta.dirname, 'recorded/cow.gz')))

/** The line of one device in what `dmsetup status` printed of all, as it prints it of one. */
export const statusLine = (text: string, device: string): string =>
  text
    .split('\n')
    .find(line => line.startsWith(`${device}: `))!
    .slice(device.length + 2)
