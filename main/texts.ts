/** Everything that the desktop program itself says: tray, notifications, menus and dialogues. Screens have texts of their own. */

const english = {
  open: 'Open Holdfast',
  quit: 'Quit',
  backUpNow: 'Back up now',
  pause: 'Pause',
  pauseHour: 'For 1 hour',
  pauseTomorrow: 'Until tomorrow',
  pauseForever: 'Until I resume',
  resume: 'Resume',
  openVersion: 'Open a version',
  eject: (drive: string) => `Eject ${drive}`,
  attached: (count: number) => `Attached: ${count}`,
  detach: (version: string, kind: 'files' | 'copy') => `Detach ${kind === 'files' ? 'files' : 'copy'} of ${version}`,
  detachAll: 'Detach all',
  showAttached: 'Show what is attached',

  connecting: 'Looking for the background service …',
  disconnected: 'The background service cannot be reached',
  noJobs: 'Nothing is protected yet',
  running: (name: string) => `Backing up: ${name}`,
  held: (name: string) => `Backup paused: ${name}`,
  overdue: (name: string) => `No recent backup: ${name}`,
  failing: (name: string) => `Backup failed: ${name}`,
  incomplete: (name: string) => `Backup incomplete: ${name}`,
  waitingForDrive: (drive: string) => `Waiting for ${drive}`,
  waiting: (name: string) => `Waiting: ${name}`,
  paused: 'Paused',
  protected: 'Protected',
  lastBackup: (when: string) => `Last backup: ${when}`,
  noBackup: 'No backup yet',
  nextBackup: (when: string) => `Next backup: ${when}`,
  today: (time: string) => `today ${time}`,
  yesterday: (time: string) => `yesterday ${time}`,
  tomorrow: (time: string) => `tomorrow ${time}`,

  stillRunningTitle: 'Holdfast goes on in the background',
  stillRunningBody: 'It tells you how your backups fare. Open it again from the tray or the list of applications.',
  ejected: (drive: string) => `${drive} can be unplugged now`,

  menuEdit: 'Edit',
  menuView: 'View',
  menuWindow: 'Close window',
  chooseFile: 'Choose a disk image',
  chooseFolder: 'Choose a folder',
  save: 'Save',
  autostartComment: 'Watches over your backups',
}

export type Texts = { readonly [Key in keyof typeof english]: (typeof english)[Key] }

const german: Texts = {
  open: 'Holdfast öffnen',
  quit: 'Beenden',
  backUpNow: 'Jetzt sichern',
  pause: 'Pausieren',
  pauseHour: 'Für 1 Stunde',
  pauseTomorrow: 'Bis morgen',
  pauseForever: 'Bis ich fortsetze',
  resume: 'Fortsetzen',
  openVersion: 'Eine Version öffnen',
  eject: drive => `${drive} auswerfen`,
  attached: count => `Eingebunden: ${count}`,
  detach: (version, kind) => `${kind === 'files' ? 'Dateien' : 'Kopie'} von ${version} trennen`,
  detachAll: 'Alles trennen',
  showAttached: 'Zeigen, was eingebunden ist',

  connecting: 'Der Hintergrunddienst wird gesucht …',
  disconnected: 'Der Hintergrunddienst ist nicht erreichbar',
  noJobs: 'Noch ist nichts gesichert',
  running: name => `Sicherung läuft: ${name}`,
  held: name => `Sicherung pausiert: ${name}`,
  overdue: name => `Keine aktuelle Sicherung: ${name}`,
  failing: name => `Sicherung fehlgeschlagen: ${name}`,
  incomplete: name => `Sicherung unvollständig: ${name}`,
  waitingForDrive: drive => `Wartet auf ${drive}`,
  waiting: name => `Wartet: ${name}`,
  paused: 'Pausiert',
  protected: 'Gesichert',
  lastBackup: when => `Letzte Sicherung: ${when}`,
  noBackup: 'Noch keine Sicherung',
  nextBackup: when => `Nächste Sicherung: ${when}`,
  today: time => `heute ${time}`,
  yesterday: time => `gestern ${time}`,
  tomorrow: time => `morgen ${time}`,

  stillRunningTitle: 'Holdfast läuft im Hintergrund weiter',
  stillRunningBody:
    'Es meldet, wie es um Ihre Sicherungen steht. Öffnen Sie es wieder über das Symbol in der Leiste oder die Liste der Anwendungen.',
  ejected: drive => `${drive} kann jetzt abgezogen werden`,

  menuEdit: 'Bearbeiten',
  menuView: 'Ansicht',
  menuWindow: 'Fenster schließen',
  chooseFile: 'Abbilddatei auswählen',
  chooseFolder: 'Ordner auswählen',
  save: 'Speichern',
  autostartComment: 'Wacht über Ihre Sicherungen',
}

/** Texts for a locale such as 'de-AT'; English where there are no others. */
export function textsFor(locale: string): Texts {
  return /^de\b/i.test(locale) ? german : english
}
