import { Command, CommanderError } from 'commander'
import { HoldfastError } from '../contract/errors.ts'
import { Cli, type GlobalOptions, type World } from './cli.ts'
import { type ExitCode, exitCodes, type MonitorCode } from './exitCodes.ts'
import { ownVersion } from './ownVersion.ts'
import { verbGroups, verbs } from './verbs.ts'

/**
 * Runs one command line (without the names of the runtime and of the program). Prints everything, errors included, to the
 * streams of the world, and gives the exit code. Never throws.
 */
export async function runCommandLine(argv: readonly string[], world: World): Promise<ExitCode | MonitorCode> {
  const cli = new Cli(world, guessGlobals(argv))
  try {
    const run = buildProgram(cli).parseAsync(helpAsOption(argv), { from: 'user' })
    await Promise.race([run, world.interruption.abandonment])
    return cli.exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) return cli.output.fail(error)
    // Help and the version, printed because they were asked for.
    if (error.exitCode === 0) return exitCodes.ok
    return cli.output.fail(usageError(error, argv))
  }
}

/** The program with all verbs; each verb's own options come when it is run, or with `defineAll`. */
export function buildProgram(cli: Cli): Command {
  const { stdout, stderr } = cli.world
  const program = new Command('holdfast')
    .description('Backs up whole disks and volumes while they are in use, and gives them back.')
    .usage('<command> [options]')
    .exitOverride()
    .configureOutput({
      writeOut: text => void stdout.write(text),
      // Only the overview comes this way, when no command is named; errors are printed where they are caught.
      writeErr: text => void (cli.output.json || stderr.write(text)),
      outputError: () => undefined,
      getOutHelpWidth: () => stdout.columns || 80,
      getErrHelpWidth: () => stderr.columns || 80,
    })
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .helpOption('-h, --help', 'show help for a command')
    .version(`holdfast ${ownVersion()}`, '-V, --version', 'show the version of Holdfast')
    .option('-r, --repo <place>', 'the repository: a folder, or s3:, b2:, sftp: or rclone: and a place (HOLDFAST_REPO)')
    .option('-p, --passphrase-file <file>', 'its passphrase or recovery phrase (HOLDFAST_PASSPHRASE_FILE)')
    .option('--key-file <file>', 'its key file (HOLDFAST_KEY_FILE)')
    .option('--credentials-file <file>', 'what its storage lets you in by (HOLDFAST_CREDENTIALS_FILE)')
    .option('--accept-host-key <key>', 'trust a server that is new here by this SHA256:… fingerprint of its key')
    .option('--json', 'one JSON document on standard output, progress as JSON lines')
    .option('-q, --quiet', 'no progress, and no word about what went well')
    .option('--debug', 'stack traces with errors')
    .option('--no-color', 'no colours (NO_COLOR)')
    .addHelpText('after', overviewNotes)
  for (const { heading, verbs } of verbGroups) {
    program.commandsGroup(heading)
    for (const { name, summary } of verbs) program.command(name).summary(summary)
  }
  const define = async (command: Command): Promise<void> => {
    const verb = verbs.find(({ name }) => name === command.name())
    ;(await verb?.load())?.define(command, cli)
  }
  program.hook('preSubcommand', (_program, command) => define(command))
  program.hook('preAction', () => cli.configure(program.opts<GlobalOptions>()))
  cli.wholeProgram = async () => {
    // The verb that asks is defined already.
    for (const command of program.commands) {
      if (command.options.length === 0 && command.registeredArguments.length === 0) await define(command)
    }
    return program
  }
  return program
}

const overviewNotes = `
Examples:
  $ holdfast init --repo /media/drive/backup
  $ holdfast backup /dev/vg0/root --name root --repo /media/drive/backup
  $ holdfast restore root:latest /dev/sdb --repo /media/drive/backup

A version is named by its id, the beginning of its id, latest, NAME:latest, or
NAME:latest~1 for the one before. See "holdfast COMMAND --help" for more.`

/** Options that count for errors in the command line itself, when it cannot be parsed. */
function guessGlobals(argv: readonly string[]): GlobalOptions {
  const end = argv.indexOf('--')
  const given = new Set(end === -1 ? argv : argv.slice(0, end))
  return {
    json: given.has('--json'),
    quiet: given.has('--quiet') || given.has('-q'),
    debug: given.has('--debug'),
    color: !given.has('--no-color'),
  }
}

/** "help", "help backup" mean "--help", "backup --help". */
function helpAsOption(argv: readonly string[]): string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv]
}

/** Commander's complaint about a command line in our form. */
function usageError(error: CommanderError, argv: readonly string[]): HoldfastError {
  const verb = argv.find(word => verbs.some(({ name }) => name === word))
  const advice = `See: holdfast ${verb === undefined ? '' : `${verb} `}--help`
  if (error.code === 'commander.help') return new HoldfastError('usage.invalid', 'No command was given.', { advice })
  // "error: unknown option '--foo'", perhaps with "(Did you mean --bar?)" in a second line.
  const [complaint = '', guess] = error.message.replace(/^error: /, '').split('\n')
  const text = `${complaint.charAt(0).toUpperCase()}${complaint.slice(1)}`
    .replace(/\.?$/, '.')
    .replace(/'([^']*)'/g, '“$1”')
  const hint = guess === undefined ? '' : `${guess.replace(/^\(|\)$/g, '')} `
  return new HoldfastError('usage.invalid', text, { advice: hint + advice })
}
