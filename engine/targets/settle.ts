import { access } from 'node:fs/promises'
import { runSystemProgram } from '../base/systemPrograms.ts'

/** So long at most; what udev does then, it does without us. */
const settleSeconds = 10

/** Waits until udev, where it runs, has looked at what was written: names and links of partitions are there then. Does not throw. */
export async function settleDevices(): Promise<void> {
  try {
    await access('/run/udev/control')
    await runSystemProgram('udevadm', ['settle', `--timeout=${settleSeconds}`], {
      failureCode: 'target.unsupported',
      timeoutMs: (settleSeconds + 5) * 1000,
    })
  } catch {
    // No udev, or one that is busy with something else.
  }
}
