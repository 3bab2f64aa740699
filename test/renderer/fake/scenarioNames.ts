/** In which states of the invented computer the screens can be looked at; see scenarios.ts. */
export const scenarioNames = [
  'empty',
  'fresh',
  'protected',
  'running',
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
  'locked',
  'longPlaces',
] as const
export type ScenarioName = (typeof scenarioNames)[number]
