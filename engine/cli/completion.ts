import type { Command, Option } from 'commander'

/** Scripts that complete the command line in a shell, made from the commands themselves. All functions here are pure. */

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

export const isShell = (text: string): text is Shell => (shells as readonly string[]).includes(text)

/** A command that can be typed: "backup", "key add"; the program itself is the empty path. */
interface Node {
  path: string[]
  summary: string
  commands: { name: string; summary: string }[]
  options: { flags: string[]; summary: string; takesValue: boolean }[]
  /** Words that its argument can be, where there are only a few. */
  words: readonly string[]
}

export function completionScript(shell: Shell, program: Command): string {
  const global = optionsOf(program)
  const nodes = nodesOf(program, [], global)
  if (shell === 'bash') return bashScript(nodes)
  return shell === 'zsh' ? zshScript(nodes) : fishScript(nodes)
}

function nodesOf(command: Command, path: string[], global: Node['options']): Node[] {
  const own = path.length === 0 ? [] : optionsOf(command)
  const help = { flags: ['--help', '-h'], summary: 'show help for a command', takesValue: false }
  const node: Node = {
    path,
    summary: command.summary(),
    commands: command.commands.map(child => ({ name: child.name(), summary: child.summary() || child.description() })),
    options: [...own, ...global, help],
    words: command.name() === 'completion' ? shells : [],
  }
  return [node, ...command.commands.flatMap(child => nodesOf(child, [...path, child.name()], global))]
}

const optionsOf = (command: Command): Node['options'] =>
  command.options.map((option: Option) => ({
    flags: [option.long, option.short].filter(flag => flag !== undefined),
    summary: option.description,
    takesValue: option.required || option.optional,
  }))

/** Options and words of every node under its path, for a shell's case or table. */
const wordsOf = ({ commands, words }: Node): string[] => [...commands.map(({ name }) => name), ...words]

/** Flags whose next word is a value, which is a file more often than not. */
const valueFlags = (nodes: readonly Node[]): string[] => [
  ...new Set(nodes.flatMap(({ options }) => options.filter(o => o.takesValue).flatMap(({ flags }) => flags))),
]

function bashScript(nodes: readonly Node[]): string {
  const groups = nodes.filter(({ path, commands }) => path.length > 0 && commands.length > 0)
  const cases = nodes.map(node => {
    const flags = node.options.flatMap(option => option.flags)
    return `    "${node.path.join(' ')}") words="${wordsOf(node).join(' ')}"; flags="${flags.join(' ')}" ;;`
  })
  return `# Completion of holdfast for bash, made by "holdfast completion bash".
_holdfast() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path="" words="" flags="" word i skip=""
  local verbs=" ${wordsOf(nodes[0]!).join(' ')} "
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ -n "$skip" ]]; then skip=""; continue; fi
    case "$word" in
      ${valueFlags(nodes).join('|')}) skip=1 ;;
      -*) ;;
      *)
        if [[ -z "$path" ]]; then
          [[ "$verbs" == *" $word "* ]] || return 0
          path="$word"
        else
          case "$path $word" in
            ${groups.flatMap(({ path, commands }) => commands.map(({ name }) => `"${[...path, name].join(' ')}"`)).join('|')}) path="$path $word" ;;
          esac
        fi
        ;;
    esac
  done
  COMPREPLY=()
  # The value of an option: a file, by the shell itself.
  [[ -n "$skip" ]] && return 0
  case "$path" in
${cases.join('\n')}
  esac
  if [[ "$cur" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -n "$words" ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}
complete -o default -F _holdfast holdfast
`
}

const zshQuoted = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`
const zshDescription = (text: string): string => text.replace(/[[\]]/g, '').replace(/:/g, '\\:')

function zshScript(nodes: readonly Node[]): string {
  const functions = nodes.map(node => {
    const options = node.options.flatMap(({ flags, summary, takesValue }) =>
      flags.map(flag => zshQuoted(`${flag}[${zshDescription(summary)}]${takesValue ? ':value:_files' : ''}`)),
    )
    const choices = [
      ...node.commands.map(({ name, summary }) => zshQuoted(`${name}:${zshDescription(summary)}`)),
      ...node.words.map(zshQuoted),
    ]
    const name = ['_holdfast', ...node.path].join('_')
    if (choices.length === 0) {
      return `${name}() {\n  _arguments -s \\\n    ${[...options, "'*:file:_files'"].join(' \\\n    ')}\n}\n`
    }
    const children = node.commands.map(({ name: child }) => `      ${child}) ${name}_${child} ;;\n`).join('')
    return `${name}() {
  local state line
  local -a choices=(${choices.join(' ')})
  _arguments -C -s \\
    ${options.join(' \\\n    ')} \\
    '1: :->choice' '*:: :->rest'
  case "$state" in
    choice) _describe command choices ;;
    rest)
      case "$line[1]" in
${children}        *) _files ;;
      esac
      ;;
  esac
}
`
  })
  return `#compdef holdfast
# Completion of holdfast for zsh, made by "holdfast completion zsh".
${functions.join('\n')}
_holdfast "$@"
`
}

const fishQuoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`

function fishScript(nodes: readonly Node[]): string {
  const lines: string[] = []
  const [root] = nodes
  const verbs = root!.commands.map(({ name }) => name).join(' ')
  for (const node of nodes) {
    const [verb, child] = node.path
    const siblings = nodes.find(({ path }) => path.length === 1 && path[0] === verb)?.commands.map(({ name }) => name)
    const condition =
      verb === undefined
        ? `not __fish_seen_subcommand_from ${verbs}`
        : child === undefined
          ? node.commands.length > 0
            ? `__fish_seen_subcommand_from ${verb}; and not __fish_seen_subcommand_from ${siblings!.join(' ')}`
            : `__fish_seen_subcommand_from ${verb}`
          : `__fish_seen_subcommand_from ${verb}; and __fish_seen_subcommand_from ${child}`
    const start = `complete -c holdfast -n ${fishQuoted(condition)}`
    for (const { name, summary } of node.commands) lines.push(`${start} -f -a ${name} -d ${fishQuoted(summary)}`)
    if (node.words.length > 0) lines.push(`${start} -f -a ${fishQuoted(node.words.join(' '))}`)
    // Options that every command has are said once.
    const options =
      verb === undefined ? [] : node.options.filter(option => !root!.options.some(o => o.flags[0] === option.flags[0]))
    for (const option of options) lines.push(`${start} ${fishOption(option)}`)
  }
  for (const option of root!.options) lines.push(`complete -c holdfast ${fishOption(option)}`)
  return `# Completion of holdfast for fish, made by "holdfast completion fish".\n${lines.join('\n')}\n`
}

function fishOption({ flags, summary, takesValue }: Node['options'][number]): string {
  const names = flags.map(flag => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  return `${names.join(' ')} -d ${fishQuoted(summary)}${takesValue ? ' -r' : ''}`
}
