import type { home as source } from '../en/home.ts'
import type { Translation } from '../text.ts'

export const home = {
  'home.title': 'Übersicht',
  'home.nothing': 'Noch ist nichts geschützt',
  'home.nothingText':
    'Wählen Sie, was wohin gesichert wird. Das dauert etwa fünf Minuten, und das meiste ist schon gewählt.',
  'home.protected': 'Geschützt. Letzte Sicherung {when} auf {destinations}.',
  'home.running': 'Eine Sicherung läuft.',
  'home.runningLast': 'Letzte vollständige Sicherung: {when}.',
  'home.runningFirst': 'Es ist die erste. Solange sie nicht vollständig ist, kann nichts wiederhergestellt werden.',
  'home.overdueDays': {
    one: 'Seit {count} Tag keine Sicherung von {job}',
    other: 'Seit {count} Tagen keine Sicherung von {job}',
  },
  'home.overdueHours': {
    one: 'Seit {count} Stunde keine Sicherung von {job}',
    other: 'Seit {count} Stunden keine Sicherung von {job}',
  },
  'home.neverDone': 'Von {job} wurde noch nie eine Sicherung fertig',
  'home.failed': 'Die letzte Sicherung von {job} auf {destination} ist fehlgeschlagen',
  'home.incomplete': 'Der letzten Sicherung von {job} auf {destination} fehlen Teile',
  'home.damaged': { one: '{count} Version ist beschädigt', other: '{count} Versionen sind beschädigt' },
  'home.damagedText': 'Die nächste Sicherung behebt, was auf diesem Computer noch da ist.',
  'home.waiting': 'Warten auf {destination}',
  'home.waitingSeen': 'Zuletzt gesehen {ago}. Schließen Sie es an, dann beginnt die Sicherung von selbst.',
  'home.waitingNever': 'Schließen Sie es an, dann beginnt die Sicherung von selbst.',
  'home.lastBackup': 'Letzte vollständige Sicherung: {when}.',
  'home.first': 'Die erste Sicherung von {job} steht noch aus',
  'home.firstText': 'Bis dahin kann nichts wiederhergestellt werden.',
  'home.paused': '{job} pausiert',
  'home.pausedUntil': 'Bis {when}.',
  'home.pausedForever': 'Bis Sie fortfahren.',
  'home.next': 'Nächste Sicherung: {when}',
  'home.noNext': 'Keine nächste Sicherung ist geplant.',
  'home.others': {
    one: '{count} weitere braucht Aufmerksamkeit, siehe unten.',
    other: '{count} weitere brauchen Aufmerksamkeit, siehe unten.',
  },
  'home.safe': 'Was gespeichert ist, ist sicher.',

  'home.backUpNow': 'Jetzt sichern',
  'home.backUpThis': 'Jetzt sichern: {name}',
  'home.resume': 'Fortfahren',
  'home.openDestinations': 'Ziele öffnen',
  'home.openHealth': 'Was ist betroffen?',
  'home.openActivity': 'Protokoll ansehen',

  'home.strip': 'Die letzten 14 Tage',
  'home.stripDays': { one: 'Der letzte Tag', other: 'Die letzten {count} Tage' },
  'home.day.protected': '{day}: gesichert',
  'home.day.attention': '{day}: gesichert, mit Fehlschlägen',
  'home.day.danger': '{day}: fehlgeschlagen',
  'home.day.waiting': '{day}: läuft',
  'home.day.none': '{day}: keine Sicherung',

  'home.map': 'Dieser Computer',
  'home.map.notIncluded': 'Nicht dabei: {names}',
  'home.jobs': 'Sicherungen',
  'home.showAll': { one: 'Alle {count} zeigen', other: 'Alle {count} zeigen' },
  'home.addJob': 'Weitere Sicherung einrichten',
} satisfies Translation<typeof source>
