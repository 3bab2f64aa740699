/** What people do with a writable copy, as commands to be copied. Pure. */

export interface CopyCommand {
  what: 'check' | 'mount' | 'machine'
  command: string
}

/** A word of a shell, in quotes where it needs them. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** Without a device only NBD clients reach it. */
export function commandsFor(device: string | null, uri: string | null): CopyCommand[] {
  return [
    ...(device === null
      ? []
      : [
          { what: 'check' as const, command: `sudo fsck ${quoted(device)}` },
          { what: 'mount' as const, command: `sudo mount ${quoted(device)} /mnt` },
        ]),
    ...(uri === null
      ? []
      : [
          {
            what: 'machine' as const,
            command: `sudo qemu-system-x86_64 -enable-kvm -m 4G -drive ${quoted(`file=${uri},format=raw,if=virtio`)}`,
          },
        ]),
  ]
}
