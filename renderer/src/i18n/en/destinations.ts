import type { Messages } from '../text.ts'

export const destinations = {
  'destinations.title': 'Destinations',
  'destinations.none': 'No destination yet',
  'destinations.noneText':
    'A destination is a drive, a folder, a bucket or a server that keeps backups. The first one is made when you set up a backup.',
  'destinations.add': 'Add a destination',
  'destinations.back': 'All destinations',
  'destinations.second': 'Add a second place. One copy is not enough if the house burns.',
  'destinations.locked': 'No key can be used at the moment',
  'destinations.lockedText': 'Somebody has locked all keys. Backups that would begin fail until they are unlocked.',
  'destinations.unlockAll': 'Unlock the keys',
  'destinations.gone': 'This destination is no longer there',
  'destinations.goneText': 'It may have been removed meanwhile.',

  'destinations.state.connected': 'Connected and ready.',
  'destinations.state.online': 'Ready: it answered when it was last used.',
  'destinations.state.never': 'Ready; it has not been used yet.',
  'destinations.kind': 'Kind',
  'destinations.kind.drive': 'Drive',
  'destinations.kind.folder': 'Folder',
  'destinations.kind.b2': 'Backblaze B2',
  'destinations.kind.s3': 'S3',
  'destinations.kind.sftp': 'SFTP',
  'destinations.kind.rclone': 'rclone',
  'destinations.server': 'Server',
  'destinations.state.unmounted': 'The drive is connected. It is opened when a backup begins.',
  'destinations.state.unmountedManual':
    'The drive is connected, but nobody has opened it. Open it in the file manager.',
  'destinations.state.locked': 'The drive is connected and encrypted. Unlock it in the file manager.',
  'destinations.state.missing': 'Waiting for {drive}, last seen {ago}.',
  'destinations.state.missingNever': 'Waiting for {drive}.',
  'destinations.state.missingHint': 'That is no error: what is due starts as soon as it is connected.',
  'destinations.state.otherRepository': 'Another backup lies where this one should be. Nothing is written there.',
  'destinations.state.otherCopy':
    'The backup was found on a drive that is not the one it was made on: a copy, probably. Nothing is written there. Connect the drive that you have always used, or add this one as a destination of its own.',
  'destinations.state.gone':
    'The drive is connected, but the backup is not on it. If it was moved, move it back; if the drive was erased, remove this destination and add it again.',
  'destinations.state.ambiguous':
    'The same backup was found {count} times: {places}. Disconnect all but one of the drives. Nothing is written until then.',
  'destinations.state.network':
    'Nothing answers at {place} at the moment, last seen {ago}. That is no error: what is due is tried again from time to time, and as soon as the network is back.',
  'destinations.state.silent':
    'The drive is connected and does not answer. Unplug it and connect it again. Last seen {ago}.',

  'destinations.used': 'Backup: {size}',
  'destinations.free': 'Free: {size}',
  'destinations.freeUnknown': 'How much is free is not known here.',
  'destinations.notMeasured': 'Not measured yet. It is measured after each backup.',
  'destinations.usage': 'How full {name} is',
  'destinations.daysLeft': 'Room left for',
  'destinations.daysLeftAbout': { one: 'about {count} day', other: 'about {count} days' },
  'destinations.daysLeftLong': 'more than five years',
  'destinations.daysLeftUnknown': 'cannot be told yet',
  'destinations.growth': '{size} more each day',
  'destinations.versions': 'Versions',
  'destinations.saved': 'Saved',
  'destinations.savedOf': '{percent} of {size}',
  'destinations.asOf': 'Measured',
  'destinations.space': 'Space',
  'destinations.space.virtual': 'All versions as they could be restored',
  'destinations.space.unique': 'Without what is there twice',
  'destinations.space.stored': 'Compressed, as it lies on the destination',
  'destinations.space.bars': 'What deduplication and compression save',
  'destinations.space.history': 'Space over time',
  'destinations.measure': 'Measure now',
  'destinations.giveBack': 'Give space back',
  'destinations.giveBackText':
    'Room of what no version needs any more is given back. It happens by itself, too, as the settings of a backup say. All versions stay.',
  'destinations.check': 'Check now',
  'destinations.checkDeep': 'Read and check everything',
  'destinations.checkLight': 'Quick check',
  'destinations.checkText':
    'Reading everything finds every damaged bit and takes as long as reading the whole backup. The quick check looks whether everything is there.',
  'destinations.upkeep': 'Check and make room',

  'destinations.lock.until': 'Everything is locked against removal until {day}',
  'destinations.lock.governance':
    'The server has confirmed this for each object, when it was stored or its lock was extended; put together {when}. Each backup extends the locks. The owner of the bucket can lift them.',
  'destinations.lock.compliance':
    'The server has confirmed this for each object, when it was stored or its lock was extended; put together {when}. Each backup extends the locks. Nobody can lift them.',
  'destinations.lock.unknown': 'Not everything is known to be locked against removal',
  'destinations.lock.unknownSource':
    'Put together {when}, from what this computer has stored or extended. The next backup looks at the rest and locks it.',
  'destinations.lock.over': 'Locks against removal have run out since {day}',
  'destinations.lock.overSource': 'The next backup locks everything again that versions need.',
  'destinations.lock.askedGovernance': {
    one: 'The server said so of {count} object, {when}. Each backup extends the locks. The owner of the bucket can lift them.',
    other:
      'The server said so of each of {count} objects, {when}. Each backup extends the locks. The owner of the bucket can lift them.',
  },
  'destinations.lock.askedCompliance': {
    one: 'The server said so of {count} object, {when}. Each backup extends the locks. Nobody can lift them.',
    other:
      'The server said so of each of {count} objects, {when}. Each backup extends the locks. Nobody can lift them.',
  },
  'destinations.lock.notAll': 'Not everything is locked against removal',
  'destinations.lock.notAllSource':
    'The server said so {when}. Versions say which are locked. The next backup locks everything again that versions need.',
  'destinations.lock.ask': 'Ask the server',
  'destinations.lock.askOf': 'Ask the server of {name} until when everything is locked',
  'destinations.lock.askText':
    'It is asked of each object, which can take some minutes. Each version then says until when it is locked.',
  'destinations.lock.asking': 'The server is being asked…',
  'destinations.lock.askingOf': { one: '{asked} of {count} object', other: '{asked} of {count} objects' },
  'destinations.lock.asked': 'The server has answered.',
  'destinations.lock.stop': 'Stop asking the server of {name}',

  'destinations.lacking.title': 'Not everything is here',
  'destinations.lacking': {
    one: '{count} version of “{job}”, of {day}, is missing here.',
    other: '{count} versions of “{job}” since {day} are missing here.',
  },
  'destinations.lacking.byItself': 'What is missing is copied by itself, as soon as nothing else goes on.',
  'destinations.lacking.noKey': 'Nothing can be copied before the key of this destination can be used.',
  'destinations.lacking.awayHere': 'What is missing is copied by itself as soon as {name} can be reached.',
  'destinations.lacking.awayThere': {
    one: 'What is missing is copied by itself as soon as {names}, which has it, can be reached.',
    other: 'What is missing is copied by itself as soon as one of the others can be reached: {names}.',
  },
  'destinations.lacking.copy': 'Copy now',
  'destinations.lacking.copyTo': 'Copy now what {name} lacks',

  'destinations.details': 'Details',
  'destinations.detailsOf': 'Details of {name}',
  'destinations.checkOf': 'Check now: {name}',
  'destinations.eject': 'Eject',
  'destinations.ejectOf': 'Eject {name}',
  'destinations.ejected': '{name} can be unplugged now.',
  'destinations.ejectedOn': 'Nothing on {name} is in use by backups any more; it could not be switched off.',

  'destinations.kept': 'Key',
  'destinations.kept.systemd-creds': 'Kept on this computer, sealed by it',
  'destinations.kept.file-permissions': 'Kept on this computer, readable by its administrator only',
  'destinations.kept.memory': 'Known until Holdfast ends',
  'destinations.kept.none': 'Not kept: backups cannot run',
  'destinations.sheet': 'Recovery sheet',
  'destinations.sheet.saved': 'Saved on {when}',
  'destinations.sheet.open': 'Not saved',

  'destinations.keys': 'What opens it',
  'destinations.keys.show': 'Show what opens it',
  'destinations.keys.kind': 'Kind',
  'destinations.keys.made': 'Made',
  'destinations.keys.note': 'Note',
  'destinations.keys.passphrase': 'Passphrase',
  'destinations.keys.recovery': 'Recovery sheet',
  'destinations.keys.keyfile': 'Key file',
  'destinations.keys.remove': 'Remove',
  'destinations.keys.removeOf': 'Remove: {kind}, made {when}',
  'destinations.keys.removeTitle': 'Remove this {kind}?',
  'destinations.keys.removeText':
    'It was made {when}. Afterwards it opens {name} no more, on any computer. Whoever copied the drive before can still open that copy with it.',
  'destinations.keys.removeConfirm': 'Remove for good',
  'destinations.keys.keep': 'Keep it',

  'destinations.unlock': 'Enter the passphrase',
  'destinations.unlockText': 'Backups need the passphrase. You can try as often as you like.',
  'destinations.unlock.do': 'Keep this passphrase',
  'destinations.forget': 'Forget the passphrase',
  'destinations.forgetTitle': 'Forget the passphrase of {name}?',
  'destinations.forgetText':
    'This computer can then neither back up to it nor restore from it until the passphrase is entered again. Make sure that you know it, or have the recovery sheet: without either nobody can open this backup, including us.',
  'destinations.change': 'Change the passphrase',
  'destinations.changeText':
    'The new passphrase is kept for backups at once. The old one goes on opening the backup until you remove it.',
  'destinations.change.do': 'Take this passphrase',
  'destinations.changed': 'The new passphrase is in use.',
  'destinations.change.old': {
    one: 'The old passphrase still opens the backup.',
    other: '{count} old passphrases still open the backup.',
  },
  'destinations.change.removeOld': { one: 'Remove the old one', other: 'Remove all {count}' },

  'destinations.sheet.make': 'Make a recovery sheet',
  'destinations.sheet.makeText':
    'A new sheet with 24 new words is made. Sheets that were made before stay good until you remove them above.',
  'destinations.sheet.makeDo': 'Make the sheet',
  'destinations.sheet.have': 'I have one already',
  'destinations.sheet.done':
    'The sheet is saved. Print it, or keep it somewhere else than this computer and the drive.',
  'destinations.sheet.unsaved': 'Closing now makes the 24 words useless: nobody has them.',

  'destinations.settings': 'Settings',
  'destinations.name': 'Name',
  'destinations.place': 'Place',
  'destinations.drive': 'Drive',
  'destinations.serial': 'Serial number',
  'destinations.mayMount': 'Open the drive for a backup when nobody else has',
  'destinations.ejectAfter': 'Eject the drive after each backup',

  'destinations.remove': 'Remove this destination',
  'destinations.removeText':
    'This computer forgets {name} and its passphrase. The backup itself stays where it is, with all versions, and can be added again with its passphrase or its recovery sheet.',
  'destinations.removeTitle': 'Remove {name}?',
  'destinations.removeDo': 'Remove the destination',
  'destinations.inUse': { one: 'A backup uses it:', other: '{count} backups use it:' },
  'destinations.inUseText': 'Take it out of them first.',

  'destinations.new.where': 'Where is it to be?',
  'destinations.new.key': 'What opens it?',
  'destinations.new.sheet': 'Save the recovery sheet',
  'destinations.new.use': 'Use it for your backups',
  'destinations.new.useText': 'Each backup that you choose is stored at this place, too, beginning with its next run.',
  'destinations.new.useDo': 'Use it',
  'destinations.new.later': 'Not now',
  'destinations.new.change': 'Choose another place',
} as const satisfies Messages
