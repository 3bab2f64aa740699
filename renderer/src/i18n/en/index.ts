import { activity } from './activity.ts'
import { common } from './common.ts'
import { destinations } from './destinations.ts'
import { elsewhere } from './elsewhere.ts'
import { errors } from './errors.ts'
import { files } from './files.ts'
import { health } from './health.ts'
import { home } from './home.ts'
import { restore } from './restore.ts'
import { settings } from './settings.ts'
import { told } from './told.ts'
import { versions } from './versions.ts'
import { ways } from './ways.ts'
import { wizard } from './wizard.ts'

export const enMessages = {
  ...common,
  ...errors,
  ...home,
  ...wizard,
  ...versions,
  ...restore,
  ...destinations,
  ...elsewhere,
  ...files,
  ...health,
  ...activity,
  ...settings,
  ...told,
  ...ways,
} as const
export type EnMessages = typeof enMessages
