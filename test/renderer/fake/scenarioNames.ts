/** In which states of the invented computer the screens can be looked at; see scenarios.ts. */
export const scenarioNames = [
  'empty',
  'fresh',
  'protected',
  'running',
  'paused',
  'waitingForDrive',
  'overdue',
  'damaged',
  'manyVersions',
  'variedVersions',
  'veryLongNames',
  'disconnected',
  'connecting',
  'unprivileged',
  'attached',
  'volumes',
  'volumesLongNames',
  'elsewhere',
  'lacking',
] as const
export type ScenarioName = (typeof scenarioNames)[number]
