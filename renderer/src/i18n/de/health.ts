import type { health as source } from '../en/health.ts'
import type { Translation } from '../text.ts'

export const health = {
  'health.title': 'Zustand',
  'health.allGood': 'Alles in Ordnung. Auf diese Sicherungen ist Verlass.',
  'health.open': { one: '{count} Sache sollten Sie noch tun', other: '{count} Sachen sollten Sie noch tun' },
  'health.bad': { one: '{count} Sache stimmt nicht', other: '{count} Sachen stimmen nicht' },
  'health.nothing': 'Noch ist nichts eingerichtet, worauf Verlass sein könnte.',
  'health.checklist': 'Prüfliste',
  'health.answer.good': 'Gut',
  'health.answer.open': 'Zu tun',
  'health.answer.bad': 'Nicht gut',
  'health.answer.unknown': 'Noch unbekannt',
  'health.about': 'Betrifft: {names}',

  'health.recentBackup': 'Gibt es eine frische Sicherung?',
  'health.recentBackup.at': 'Letzte vollständige: {when}',
  'health.recentBackup.never': 'Noch keine wurde vollständig',
  'health.recentBackup.do': 'Eine Sicherung ist älter, als ihr Zeitplan verspricht.',
  'health.recentBackup.button': 'Jetzt sichern',

  'health.twoPlaces': 'Liegt alles an zwei Orten?',
  'health.twoPlaces.at': 'Seit {when}',
  'health.twoPlaces.never': 'Nein',
  'health.twoPlaces.do':
    'Eine Kopie genügt nicht, wenn das Haus brennt oder das Laufwerk an dem Tag ausfällt, an dem Sie es brauchen.',
  'health.twoPlaces.button': 'Zweiten Ort hinzufügen',

  'health.offSite': 'Liegt einer davon außer Haus?',
  'health.offSite.at': 'Letzte Sicherung dort: {when}',
  'health.offSite.never': 'Nein',
  'health.offSite.do':
    'Feuer, Wasser und Diebe nehmen alles, was in einem Haus ist. Bringen Sie ein Laufwerk zu jemandem, dem Sie vertrauen, oder nehmen Sie einen Ordner eines Computers an einem anderen Ort.',
  'health.offSite.button': 'Ort außer Haus hinzufügen',

  'health.sameEverywhere': 'Hat jeder Ort, was die anderen haben?',
  'health.sameEverywhere.at': 'Etwas fehlt seit {when}',
  'health.sameEverywhere.never': 'Nein',
  'health.sameEverywhere.do':
    'Einem Ort fehlen seit einer Woche oder länger Sicherungen, die andere haben. Sie werden von selbst dorthin kopiert, sobald er erreichbar ist: Schließen Sie das Laufwerk an, oder sehen Sie nach, was den Server fernhält.',
  'health.sameEverywhere.button': 'Diesen Ort ansehen',

  'health.verified': 'Wurde in den letzten 30 Tagen alles gelesen und geprüft?',
  'health.verified.at': 'Zuletzt: {when}',
  'health.verified.never': 'Nie',
  'health.verified.do': 'Laufwerke vergessen still. Nur wer alles liest, merkt es, solange es sich noch beheben lässt.',
  'health.verified.button': 'Jetzt prüfen',

  'health.undamaged': 'Ist jede Version unbeschädigt?',
  'health.undamaged.at': 'Zuletzt nachgesehen: {when}',
  'health.undamaged.never': 'Soweit bekannt',
  'health.undamaged.do': 'Einige Versionen sind beschädigt. Oben steht, was betroffen ist und wie es heilt.',
  'health.undamaged.button': 'Jetzt sichern, um es zu beheben',

  'health.recoverySheet': 'Ist das Wiederherstellungsblatt gespeichert?',
  'health.recoverySheet.at': 'Gespeichert {when}',
  'health.recoverySheet.never': 'Nicht für jedes Ziel',
  'health.recoverySheet.do':
    'Wenn dieser Computer weg und die Passphrase vergessen ist, öffnet nur das Blatt die Sicherung.',
  'health.recoverySheet.button': 'Blatt speichern',

  'health.restoreTested': 'Wurde im letzten halben Jahr eine Wiederherstellung versucht?',
  'health.restoreTested.at': 'Zuletzt: {when}',
  'health.restoreTested.never': 'Nie',
  'health.restoreTested.do':
    'Eine Sicherung ist so viel wert wie das, was sich aus ihr zurückholen lässt. Holen Sie heute eine Datei zurück; es dauert eine Minute.',
  'health.restoreTested.button': 'Etwas wiederherstellen',

  'health.seeCause': 'Sehen, warum es misslingt',
  'health.started': 'Begonnen. Siehe unten oder unter Aktivität.',
  'health.waits': 'Läuft, sobald das Laufwerk angeschlossen ist.',

  'health.damage': 'Schäden',
  'health.damage.versions': {
    one: '{count} Version in {destination} ist beschädigt',
    other: '{count} Versionen in {destination} sind beschädigt',
  },
  'health.damage.heals':
    'Was beschädigt ist, wird mit der nächsten Sicherung neu gespeichert, soweit dieser Computer es noch hat. Teile, die es nirgends mehr gibt, bleiben verloren; alles andere in diesen Versionen lässt sich wiederherstellen, und eine Wiederherstellung sagt genau, was fehlt.',
  'health.damage.other': 'Eine Version an einem anderen Ort kann ganz sein:',
  'health.damage.otherVersions': 'Versionen in {destination}',
  'health.damage.found': 'Was die letzte Prüfung gefunden hat',
  'health.damage.foundMore': { one: 'und {count} weiteres', other: 'und {count} weitere' },
  'health.damage.version': 'Version',
  'health.damage.date': 'Von',
  'health.damage.size': 'Größe',
  'health.damage.more': 'Nur die neuesten {count} Versionen wurden durchgesehen.',
  'health.damage.restore': 'Wiederherstellen, was ganz ist',
  'health.damage.isolate': 'Geschieht es wieder, ersetzen Sie das Laufwerk: Wahrscheinlich geht es kaputt.',

  'health.checks': 'Prüfungen',
  'health.checks.text':
    'Beim Prüfen wird alles Gespeicherte gelesen und Bit für Bit verglichen. Sicherungen gehen derweil weiter. Ein Teil wird ohnehin nach jeder Sicherung geprüft, wie es eingestellt ist.',
  'health.checks.verify': 'Jetzt prüfen',
  'health.checks.verifyOf': 'Jetzt prüfen: {name}',
  'health.checks.never': 'Nie von Hand geprüft',
  'health.checks.good': 'Keine Schäden. {size} geprüft, {when}.',
  'health.checks.damaged': {
    one: '{count} beschädigter Teil gefunden, {when}.',
    other: '{count} beschädigte Teile gefunden, {when}.',
  },
  'health.checks.healed': 'Schaden gefunden, {when}. {healed}',
  'health.checks.away': 'Nicht angeschlossen',
  'health.checks.last': 'Protokoll der letzten Prüfung von {name}',
  'health.checks.log': 'Protokoll',
  'health.checks.none': 'Noch gibt es kein Ziel zu prüfen.',
} satisfies Translation<typeof source>
