/** Paths inside of a volume, as the service takes them: '' is the root, 'home/anna' below it. Pure. */

export const joined = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

/** The folder that something lies in; the root lies in itself. */
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

export interface Crumb {
  name: string
  path: string
}

/** The folders from the root, which is not among them, to a folder itself. */
export function crumbsOf(path: string): Crumb[] {
  const names = path.split('/').filter(Boolean)
  return names.map((name, i) => ({ name, path: names.slice(0, i + 1).join('/') }))
}

/** A folder that a person typed: from the root of this computer, or from their home. */
export const isOwnFolder = (text: string): boolean => /^(\/|~\/)/.test(text) && !text.includes('\0')

/** A word for permission bits: '0644' is 'rw-r--r--', '4755' 'rwsr-xr-x'. Octal, as chmod takes them. */
export function modeText(mode: string): string {
  const bits = Number.parseInt(mode, 8)
  const letters = 'rwxrwxrwx'.split('').map((letter, i) => (bits & (0o400 >> i) ? letter : '-'))
  const special = (bit: number, at: number, set: string) => {
    if (bits & bit) letters[at] = letters[at] === 'x' ? set : set.toUpperCase()
  }
  special(0o4000, 2, 's')
  special(0o2000, 5, 's')
  special(0o1000, 8, 't')
  return letters.join('')
}
