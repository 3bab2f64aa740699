import type { Messages } from '../text.ts'

/** `health.<question>.<answer>` says how it stands, `.do` what to do when it is not good, `.button` what does it. */
export const health = {
  'health.title': 'Health',
  'health.allGood': 'All is well. These backups can be relied on.',
  'health.open': { one: '{count} thing is worth doing', other: '{count} things are worth doing' },
  'health.bad': { one: '{count} thing is wrong', other: '{count} things are wrong' },
  'health.nothing': 'Nothing is set up yet, so there is nothing to rely on.',
  'health.checklist': 'Checklist',
  'health.answer.good': 'Good',
  'health.answer.open': 'Worth doing',
  'health.answer.bad': 'Wrong',
  'health.answer.unknown': 'Not known yet',
  'health.about': 'About: {names}',

  'health.recentBackup': 'Is there a recent backup?',
  'health.recentBackup.at': 'Last complete one: {when}',
  'health.recentBackup.never': 'None was ever completed',
  'health.recentBackup.do': 'A backup is older than its schedule promises.',
  'health.recentBackup.button': 'Back up now',

  'health.twoPlaces': 'Is everything in two places?',
  'health.twoPlaces.at': 'Since {when}',
  'health.twoPlaces.never': 'No',
  'health.twoPlaces.do': 'One copy is not enough if the house burns, or if the drive fails on the day you need it.',
  'health.twoPlaces.button': 'Add a second place',

  'health.offSite': 'Is one of them outside the house?',
  'health.offSite.at': 'Last backup there: {when}',
  'health.offSite.never': 'No',
  'health.offSite.do':
    'Fire, water and thieves take everything that is in one house. Take a drive to somebody you trust, or use a folder of another computer elsewhere.',
  'health.offSite.button': 'Add a place elsewhere',

  'health.sameEverywhere': 'Does every place have what the others have?',
  'health.sameEverywhere.at': 'Something is missing since {when}',
  'health.sameEverywhere.never': 'No',
  'health.sameEverywhere.do':
    'A place lacks backups that others have, for a week or longer. They are copied there by themselves as soon as it can be reached: connect the drive, or see what keeps the server away.',
  'health.sameEverywhere.button': 'See that place',

  'health.verified': 'Was everything read and checked in the last 30 days?',
  'health.verified.at': 'Last time: {when}',
  'health.verified.never': 'Never',
  'health.verified.do': 'Drives forget silently. Only reading everything shows it while there is time to mend it.',
  'health.verified.button': 'Verify now',

  'health.undamaged': 'Is every version undamaged?',
  'health.undamaged.at': 'Last looked: {when}',
  'health.undamaged.never': 'As far as is known',
  'health.undamaged.do': 'Some versions are damaged. See above what is affected and how it heals.',
  'health.undamaged.button': 'Back up now to mend it',

  'health.recoverySheet': 'Is the recovery sheet saved?',
  'health.recoverySheet.at': 'Saved {when}',
  'health.recoverySheet.never': 'Not for every destination',
  'health.recoverySheet.do':
    'When this computer is gone and the passphrase is forgotten, only the sheet opens the backup.',
  'health.recoverySheet.button': 'Save the sheet',

  'health.restoreTested': 'Was a restore tried in the last half year?',
  'health.restoreTested.at': 'Last time: {when}',
  'health.restoreTested.never': 'Never',
  'health.restoreTested.do':
    'A backup is worth what can be restored from it. Get one file back today; it takes a minute.',
  'health.restoreTested.button': 'Restore something',

  'health.seeCause': 'See why it fails',
  'health.started': 'Begun. See below, or Activity.',
  'health.waits': 'Will run as soon as the drive is connected.',

  'health.damage': 'Damage',
  'health.damage.versions': {
    one: '{count} version in {destination} is damaged',
    other: '{count} versions in {destination} are damaged',
  },
  'health.damage.heals':
    'What is damaged is stored anew with the next backup, as far as this computer still holds it. Parts that exist nowhere else stay lost; everything else in these versions can be restored, and a restore says exactly what is missing.',
  'health.damage.other': 'A version in another place may be whole:',
  'health.damage.otherVersions': 'Versions in {destination}',
  'health.damage.found': 'What the last check found',
  'health.damage.foundMore': { one: 'and {count} more', other: 'and {count} more' },
  'health.damage.version': 'Version',
  'health.damage.date': 'Of',
  'health.damage.size': 'Size',
  'health.damage.more': 'Only the newest {count} versions were looked through.',
  'health.damage.restore': 'Restore what is whole',
  'health.damage.isolate': 'If it happens again, replace the drive: it is probably failing.',

  'health.checks': 'Checks',
  'health.checks.text':
    'Verifying reads everything that is stored and compares it bit by bit. Backups go on meanwhile. A part is checked after each backup anyway, as the settings say.',
  'health.checks.verify': 'Verify now',
  'health.checks.verifyOf': 'Verify now: {name}',
  'health.checks.never': 'Never verified by hand',
  'health.checks.good': 'No damage. {size} checked, {when}.',
  'health.checks.damaged': {
    one: '{count} damaged part found, {when}.',
    other: '{count} damaged parts found, {when}.',
  },
  'health.checks.healed': 'Damage was found, {when}. {healed}',
  'health.checks.away': 'Not connected',
  'health.checks.last': 'Log of the last check of {name}',
  'health.checks.log': 'Log',
  'health.checks.none': 'There is no destination to check yet.',
} as const satisfies Messages
