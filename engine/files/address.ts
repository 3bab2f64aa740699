/** A device that a server offers on a Unix socket. */
export interface NbdAddress {
  socketPath: string
  /** Empty for the default export. */
  exportName: string
}

/** As libnbd's programs take it (NBD URI specification, https://github.com/NetworkBlockDevice/nbd/blob/master/doc/uri.md). */
export const uriOf = ({ socketPath, exportName }: NbdAddress): string =>
  `nbd+unix:///${encodeURIComponent(exportName)}?socket=${encodeURIComponent(socketPath)}`
