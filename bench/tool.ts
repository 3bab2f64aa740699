/** One program to run and measure: an argument list (no shell), and what its environment has beyond our own. */
export interface Invocation {
  argv: string[]
  env: Record<string, string>
  cwd?: string
}

/** Folders of one tool in one round. Everything that it writes lies below `home`, so that a state can be put back whole. */
export interface Places {
  home: string
  /** Repository; what is counted as stored. */
  repository: string
  /** The image to back up; same path for every backup. */
  image: string
}

/** A backup program as the benchmark sees it. The only file that knows a program's options is the one that makes its Tool. */
export interface Tool {
  name: string
  /** How it was set up, in the words of the report. */
  settings: string
  /** Its version, or undefined when it is not installed here. */
  version(): Promise<string | undefined>
  init(places: Places): Invocation
  /** Backs up the image under a label that is unique in the repository. Must read the whole image, changed or not. */
  backup(places: Places, label: string): Invocation
  /** Restores the backup with this label below `folder` (empty); `restored` is where the image then lies. */
  restore(places: Places, label: string, folder: string): Invocation & { restored: string }
  /** Reads and verifies all stored data. */
  scrub(places: Places): Invocation
}

/** The secret of all benchmark repositories; it protects nothing. */
export const passphrase = 'benchmark passphrase'
