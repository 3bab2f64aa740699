/**
 * A manual page for section 1 out of what the program says of itself, so that the two agree.
 *
 * @param ask what the program prints when it is started with arguments, 72 columns wide
 * @param seconds date of the page, since 1970
 */
export function manPage(ask: (...args: string[]) => string, version: string, seconds: number): string {
  const help = (...command: string[]) => ask(...command, '--help')
  const general = help()
  const [, usage = '', purpose = ''] = /^Usage: (.+?)\n\n(.+?)\n\n/s.exec(general) ?? []
  const date = new Date(seconds * 1000).toISOString().slice(0, 10)
  return [
    `.TH HOLDFAST 1 "${date}" "holdfast ${version}" "User Commands"`,
    `.SH NAME\nholdfast \\- ${roff(purpose.charAt(0).toLowerCase() + purpose.slice(1).replace(/\.$/, ''))}`,
    `.SH SYNOPSIS\n.B ${roff(usage)}`,
    `.SH OVERVIEW\n${verbatim(general.slice(general.indexOf('Options:')))}`,
    ...verbsIn(general).map(
      verb => `.SH HOLDFAST ${verb.toUpperCase()}\n${verbatim(withoutGlobalOptions(help(verb)))}`,
    ),
    '.SH FILES\n.TP\n.I /var/lib/holdfast\nState of the background service: jobs, runs, kept passphrases.',
    '.TP\n.I /etc/holdfast/hooks.d\nPrograms of the administrator that jobs may run.',
    '',
  ].join('\n')
}

/** The commands that a help text lists: two spaces, a word, its purpose. */
export const verbsIn = (help: string): string[] =>
  [...help.matchAll(/^ {2}([a-z][a-z-]*) {3,}\S/gm)].map(([, verb = '']) => verb)

const withoutGlobalOptions = (help: string): string => help.replace(/\nGlobal Options:\n(.+\n)+/, '')

const roff = (text: string): string => text.replaceAll('\\', '\\e').replaceAll('-', '\\-')

const verbatim = (text: string): string =>
  `.nf\n${roff(text.trimEnd())
    .split('\n')
    .map(line => (/^[.']/.test(line) ? `\\&${line}` : line))
    .join('\n')}\n.fi`
