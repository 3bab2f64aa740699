/** Tag of every snapshot that Holdfast makes. */
export const ownTag = 'holdfast'

/** What names of our snapshots begin with; the udev rule (packaging/udev) and clean-up know them by it. */
export const ownNamePrefix = 'holdfast_'

/** Of LVM: letters, digits and some signs; 127 characters together with the group's name are checked by LVM itself. */
const ownName = /^holdfast_[a-zA-Z0-9_]{1,60}$/

/** Whether a snapshot may be given this name. */
export const isOwnName = (name: string): boolean => ownName.test(name)

/** A snapshot of ours has both name and tag; nothing else is ever changed or removed. */
export const isOwn = (volume: { name: string; tags: readonly string[] }): boolean =>
  volume.name.startsWith(ownNamePrefix) && volume.tags.includes(ownTag)

/**
 * What the kernel calls a logical volume, whatever its name: 'LVM-', then the group's and the volume's uuid without dashes. Parts of it
 * have a suffix behind that ('-tpool', '-cow', '-real').
 */
export const kernelId = (groupUuid: string, volumeUuid: string): string =>
  `LVM-${groupUuid.replaceAll('-', '')}${volumeUuid.replaceAll('-', '')}`

/** The group's uuid, as LVM writes it, in what the kernel calls one of its volumes or a part of one; undefined for other devices. */
export function groupUuidOf(id: string): string | undefined {
  const match = /^LVM-(\w{6})(\w{4})(\w{4})(\w{4})(\w{4})(\w{4})(\w{6})\w{32}(-\w+)?$/.exec(id)
  return match?.slice(1, 8).join('-')
}
