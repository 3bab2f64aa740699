/**
 * The layers of the engine, lowest first. A folder may import itself and what stands beside its name here, nothing else
 * of the engine. To give a folder a new dependency, look first whether the thing belongs further down.
 */
const lowest = ['contract', 'base']
const drivers = ['storage', 'sources', 'targets', 'catalogue', 'versions']
const engineParts = [
  ...lowest,
  ...drivers,
  'usedBlocks',
  'tracking',
  'lvm',
  'recipe',
  'repository',
  'pipeline',
  'maintenance',
  'nbd',
  'files',
]
const helperParts = ['scheduler', 'rpc', 'notices', 'secrets', 'drives', 'conditions', 'jobs']

const mayImport = {
  contract: [],
  base: ['contract'],

  // Siblings do not know each other.
  storage: lowest,
  sources: lowest,
  targets: lowest,
  catalogue: lowest,
  versions: lowest,

  // What of a device is in use, and what of a volume changed, in ranges of bytes.
  usedBlocks: [...lowest, 'sources'],
  tracking: [...lowest, 'sources'],
  // A driver for tracking: it knows what is asked of it, and not who asks.
  lvm: [...lowest, 'sources', 'tracking/trackedVolume.ts'],
  recipe: lowest,

  // Any storage will do for a repository, so it sees the interface and never a driver.
  repository: [...lowest, 'storage/storage.ts', 'catalogue'],

  pipeline: [...lowest, 'repository', 'sources', 'targets', 'versions'],
  // Scrub and prune read and write blocks with the threads of the pipeline, and decide by the rows of the block table.
  maintenance: [...lowest, 'catalogue/blockRows.ts', 'repository', 'pipeline', 'sources', 'targets', 'versions'],
  // What was written to an export is backed up like any other source.
  nbd: [...lowest, 'repository', 'pipeline', 'sources', 'versions'],
  // Begins at an export, whatever is behind it.
  files: [...lowest, 'versions', 'nbd'],

  // What the helper is made of besides the engine; none of these knows the others.
  scheduler: lowest,
  rpc: lowest,
  notices: lowest,
  secrets: lowest,
  drives: lowest,
  conditions: lowest,
  jobs: [...lowest, 'catalogue'],

  // The app in a browser: it hands on what the helper and the page say to each other, and understands none of it.
  ui: [...lowest, 'rpc'],

  // The files directly in engine/ put the parts together; they alone choose drivers.
  '*.ts': engineParts,

  helper: ['*.ts', ...engineParts, ...helperParts],
  demo: ['*.ts', ...engineParts],
  cli: ['*.ts', ...engineParts, ...helperParts, 'ui', 'helper', 'demo'],
}

/** Pattern of an entry of the table above: a folder, one file, or the files directly in engine/. */
const pathOf = part => {
  if (part === '*.ts') return '^engine/[^/]+\\.ts$'
  return part.endsWith('.ts') ? `^engine/${part.replace('.', '\\.')}$` : `^engine/${part}/`
}

/** The part of the protocol that a page speaks itself when no desktop program does it in its place. */
const protocolOfPages = '^engine/rpc/(bridge|channel|client|frames|messages|receivedErrors|tell)\\.ts$'

/** What the screens say; where a page chooses the language is its own business. */
const words = '^renderer/src/i18n/(?!speech\\.|useSpeech\\.)'

const npmPackage = name => `(^|node_modules/)${name}(/|$)`

const layerRules = Object.entries(mayImport).map(([part, others]) => ({
  name: `layer-${part === '*.ts' ? 'engine' : part}`,
  comment: `engine/${part} imports itself${others.length > 0 ? ` and ${others.join(', ')}` : ''}, nothing else of this project.`,
  severity: 'error',
  from: { path: pathOf(part) },
  to: { dependencyTypes: ['local'], pathNot: [part, ...others].map(pathOf) },
}))

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'no-unknown-part',
      comment: 'A new folder of the engine gets its place in the table of layers first.',
      severity: 'error',
      from: { path: '^engine/', pathNot: Object.keys(mayImport).map(pathOf) },
      to: {},
    },
    {
      name: 'contract-runs-anywhere',
      comment: 'Screens import the contract too: it needs zod and neither Node nor any other package.',
      severity: 'error',
      from: { path: pathOf('contract') },
      to: { pathNot: ['^engine/contract/', npmPackage('zod')] },
    },
    {
      name: 'no-cycles',
      comment: 'Files that import each other cannot be understood, tested or replaced one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Nothing imports this file and it imports nothing: it is left over.',
      severity: 'error',
      from: { path: '^(engine|main|preload|renderer|bench|tools|test)/', orphan: true, pathNot: ['\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'no-unresolved',
      comment: 'What is imported must be there.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'engine-without-screens',
      comment: 'The engine is plain Node: no Electron, no React, nothing of the desktop app.',
      severity: 'error',
      from: { path: '^engine/' },
      to: { path: [npmPackage('electron'), npmPackage('react'), npmPackage('react-dom'), '^(main|preload|renderer)/'] },
    },
    {
      name: 'screens-know-the-contract-alone',
      comment: 'Everything else they get through the bridge, so that they run in a browser as well as in Electron.',
      severity: 'error',
      from: { path: '^renderer/', pathNot: '^renderer/src/browser/' },
      to: { dependencyTypes: ['local'], pathNot: ['^renderer/', '^engine/contract/'] },
    },
    {
      name: 'bridge-of-browsers-speaks-the-protocol',
      comment:
        'In a browser the page is the client of the helper: contract and protocol, and nothing else of the engine.',
      severity: 'error',
      from: { path: '^renderer/src/browser/' },
      to: { dependencyTypes: ['local'], pathNot: ['^renderer/', '^engine/contract/', protocolOfPages] },
    },
    {
      name: 'protocol-runs-anywhere',
      comment: 'Pages speak it too: it needs zod and neither Node nor any other package.',
      severity: 'error',
      from: { path: protocolOfPages },
      to: { pathNot: ['^engine/contract/', protocolOfPages, npmPackage('zod')] },
    },
    {
      name: 'preload-knows-the-contract-alone',
      comment: 'It runs beside pages.',
      severity: 'error',
      from: { path: '^preload/' },
      to: { dependencyTypes: ['local'], pathNot: ['^preload/', '^engine/contract/'] },
    },
    {
      name: 'main-talks-to-the-helper',
      comment:
        'The desktop program is a client of the helper: contract, connection and the words of the screens, and nothing of the engine.',
      severity: 'error',
      from: { path: '^main/' },
      to: {
        dependencyTypes: ['local'],
        pathNot: ['^main/', '^preload/channels', '^engine/(contract|rpc|base)/', words],
      },
    },
    {
      name: 'engine-without-development-packages',
      comment: 'What the engine imports at run time stands in "dependencies" of package.json.',
      severity: 'error',
      from: { path: '^engine/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'native-calls-in-one-place',
      comment: 'koffi can call anything in the process; engine/base/linux.ts is the only door to it.',
      severity: 'error',
      from: { pathNot: '^engine/base/linux' },
      to: { path: npmPackage('koffi') },
    },
    {
      name: 'database-in-one-place',
      comment: 'better-sqlite3 belongs to the catalogue, which is a cache, and to the list of jobs, which is none.',
      severity: 'error',
      from: { pathNot: '^engine/(catalogue/|jobs/database\\.ts)' },
      to: { path: npmPackage('better-sqlite3') },
    },
    {
      name: 'tools-stand-alone',
      comment: 'Tools check the project from outside, so they share no code with it.',
      severity: 'error',
      from: { path: '^tools/' },
      to: { path: '^engine/' },
    },
  ],
  options: {
    exclude: { path: '^test/output/' },
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
    combinedDependencies: false,
  },
}
