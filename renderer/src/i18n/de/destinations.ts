import type { destinations as source } from '../en/destinations.ts'
import type { Translation } from '../text.ts'

export const destinations = {
  'destinations.title': 'Ziele',
  'destinations.none': 'Noch kein Ziel',
  'destinations.noneText':
    'Ein Ziel ist ein Laufwerk, ein Ordner, ein Bucket oder ein Server, der Sicherungen aufnimmt. Das erste entsteht, wenn Sie eine Sicherung einrichten.',
  'destinations.add': 'Ziel hinzufügen',
  'destinations.back': 'Alle Ziele',
  'destinations.second': 'Nehmen Sie einen zweiten Ort dazu. Eine Kopie genügt nicht, wenn das Haus brennt.',
  'destinations.locked': 'Zurzeit kann kein Schlüssel benutzt werden',
  'destinations.lockedText':
    'Jemand hat alle Schlüssel gesperrt. Sicherungen, die beginnen sollen, misslingen, bis sie entsperrt sind.',
  'destinations.unlockAll': 'Schlüssel entsperren',
  'destinations.gone': 'Dieses Ziel gibt es nicht mehr',
  'destinations.goneText': 'Vielleicht wurde es inzwischen entfernt.',

  'destinations.state.connected': 'Verbunden und bereit.',
  'destinations.state.online': 'Bereit: Es hat geantwortet, als es zuletzt gebraucht wurde.',
  'destinations.state.never': 'Bereit; noch nicht benutzt.',
  'destinations.kind': 'Art',
  'destinations.kind.drive': 'Laufwerk',
  'destinations.kind.folder': 'Ordner',
  'destinations.kind.b2': 'Backblaze B2',
  'destinations.kind.s3': 'S3',
  'destinations.kind.sftp': 'SFTP',
  'destinations.kind.rclone': 'rclone',
  'destinations.server': 'Server',
  'destinations.state.unmounted': 'Das Laufwerk ist angeschlossen. Es wird geöffnet, wenn eine Sicherung beginnt.',
  'destinations.state.unmountedManual':
    'Das Laufwerk ist angeschlossen, aber niemand hat es geöffnet. Öffnen Sie es im Dateimanager.',
  'destinations.state.locked': 'Das Laufwerk ist angeschlossen und verschlüsselt. Entsperren Sie es im Dateimanager.',
  'destinations.state.missing': 'Wartet auf {drive}, zuletzt gesehen {ago}.',
  'destinations.state.missingNever': 'Wartet auf {drive}.',
  'destinations.state.missingHint': 'Das ist kein Fehler: Was fällig ist, beginnt, sobald es angeschlossen wird.',
  'destinations.state.otherRepository':
    'Wo diese Sicherung sein sollte, liegt eine andere. Dort wird nichts geschrieben.',
  'destinations.state.otherCopy':
    'Die Sicherung liegt auf einem Laufwerk, auf dem sie nicht angelegt wurde: wohl eine Kopie. Dort wird nichts geschrieben. Schließen Sie das gewohnte Laufwerk an, oder fügen Sie dieses als eigenes Ziel hinzu.',
  'destinations.state.gone':
    'Das Laufwerk ist angeschlossen, aber die Sicherung liegt nicht darauf. Wurde sie verschoben, schieben Sie sie zurück; wurde das Laufwerk gelöscht, entfernen Sie dieses Ziel und fügen Sie es neu hinzu.',
  'destinations.state.ambiguous':
    'Dieselbe Sicherung wurde {count}-mal gefunden: {places}. Trennen Sie alle Laufwerke bis auf eines. Bis dahin wird nichts geschrieben.',
  'destinations.state.network':
    'Unter {place} antwortet gerade nichts, zuletzt gesehen {ago}. Das ist kein Fehler: Was fällig ist, wird immer wieder versucht, und sobald das Netz wieder da ist.',
  'destinations.state.silent':
    'Das Laufwerk ist angeschlossen und antwortet nicht. Ziehen Sie es ab und schließen Sie es wieder an. Zuletzt gesehen {ago}.',

  'destinations.used': 'Sicherung: {size}',
  'destinations.free': 'Frei: {size}',
  'destinations.freeUnknown': 'Wie viel frei ist, lässt sich hier nicht sagen.',
  'destinations.notMeasured': 'Noch nicht gemessen. Gemessen wird nach jeder Sicherung.',
  'destinations.usage': 'Wie voll {name} ist',
  'destinations.daysLeft': 'Platz reicht für',
  'destinations.daysLeftAbout': { one: 'etwa {count} Tag', other: 'etwa {count} Tage' },
  'destinations.daysLeftLong': 'mehr als fünf Jahre',
  'destinations.daysLeftUnknown': 'lässt sich noch nicht sagen',
  'destinations.growth': 'jeden Tag {size} mehr',
  'destinations.versions': 'Versionen',
  'destinations.saved': 'Gespart',
  'destinations.savedOf': '{percent} von {size}',
  'destinations.asOf': 'Gemessen',
  'destinations.space': 'Platz',
  'destinations.space.virtual': 'Alle Versionen, wie sie wiederhergestellt würden',
  'destinations.space.unique': 'Ohne das, was doppelt ist',
  'destinations.space.stored': 'Komprimiert, wie es am Ziel liegt',
  'destinations.space.bars': 'Was Deduplizierung und Kompression sparen',
  'destinations.space.history': 'Platz im Lauf der Zeit',
  'destinations.measure': 'Jetzt messen',
  'destinations.giveBack': 'Platz freigeben',
  'destinations.giveBackText':
    'Der Platz von allem, was keine Version mehr braucht, wird freigegeben. Das geschieht auch von selbst, wie es bei den Sicherungen eingestellt ist. Alle Versionen bleiben.',
  'destinations.check': 'Jetzt prüfen',
  'destinations.checkDeep': 'Alles lesen und prüfen',
  'destinations.checkLight': 'Schnell prüfen',
  'destinations.checkText':
    'Alles zu lesen findet jedes beschädigte Bit und dauert so lange wie das Lesen der ganzen Sicherung. Die schnelle Prüfung sieht nach, ob alles da ist.',
  'destinations.upkeep': 'Prüfen und Platz schaffen',

  'destinations.lock.until': 'Alles ist gegen Löschen gesperrt bis zum {day}',
  'destinations.lock.governance':
    'Der Server hat das für jedes Objekt bestätigt, als es gespeichert oder seine Sperre verlängert wurde; zusammengestellt: {when}. Jede Sicherung verlängert die Sperren. Wem der Bucket gehört, der kann sie aufheben.',
  'destinations.lock.compliance':
    'Der Server hat das für jedes Objekt bestätigt, als es gespeichert oder seine Sperre verlängert wurde; zusammengestellt: {when}. Jede Sicherung verlängert die Sperren. Niemand kann sie aufheben.',
  'destinations.lock.unknown': 'Es ist nicht von allem bekannt, dass es gegen Löschen gesperrt ist',
  'destinations.lock.unknownSource':
    'Zusammengestellt: {when}, aus dem, was dieser Computer gespeichert oder verlängert hat. Die nächste Sicherung sieht nach dem Rest und sperrt ihn.',
  'destinations.lock.over': 'Sperren gegen Löschen sind seit dem {day} abgelaufen',
  'destinations.lock.overSource': 'Die nächste Sicherung sperrt wieder alles, was Versionen brauchen.',
  'destinations.lock.askedGovernance': {
    one: 'Das hat der Server von {count} Objekt gesagt: {when}. Jede Sicherung verlängert die Sperren. Wem der Bucket gehört, der kann sie aufheben.',
    other:
      'Das hat der Server von jedem der {count} Objekte gesagt: {when}. Jede Sicherung verlängert die Sperren. Wem der Bucket gehört, der kann sie aufheben.',
  },
  'destinations.lock.askedCompliance': {
    one: 'Das hat der Server von {count} Objekt gesagt: {when}. Jede Sicherung verlängert die Sperren. Niemand kann sie aufheben.',
    other:
      'Das hat der Server von jedem der {count} Objekte gesagt: {when}. Jede Sicherung verlängert die Sperren. Niemand kann sie aufheben.',
  },
  'destinations.lock.notAll': 'Es ist nicht alles gegen Löschen gesperrt',
  'destinations.lock.notAllSource':
    'Das hat der Server gesagt: {when}. Bei den Versionen steht, welche gesperrt sind. Die nächste Sicherung sperrt wieder alles, was Versionen brauchen.',
  'destinations.lock.ask': 'Server fragen',
  'destinations.lock.askOf': 'Den Server von {name} fragen, bis wann alles gesperrt ist',
  'destinations.lock.askText':
    'Gefragt wird nach jedem Objekt, was einige Minuten dauern kann. Danach steht bei jeder Version, bis wann sie gesperrt ist.',
  'destinations.lock.asking': 'Der Server wird gefragt …',
  'destinations.lock.askingOf': { one: '{asked} von {count} Objekt', other: '{asked} von {count} Objekten' },
  'destinations.lock.asked': 'Der Server hat geantwortet.',
  'destinations.lock.stop': 'Den Server von {name} nicht weiter fragen',

  'destinations.lacking.title': 'Nicht alles ist hier',
  'destinations.lacking': {
    one: '{count} Version von „{job}“ vom {day} fehlt hier.',
    other: '{count} Versionen von „{job}“ seit dem {day} fehlen hier.',
  },
  'destinations.lacking.byItself': 'Was fehlt, wird von selbst kopiert, sobald sonst nichts läuft.',
  'destinations.lacking.noKey': 'Kopiert werden kann erst, wenn der Schlüssel dieses Ziels benutzt werden kann.',
  'destinations.lacking.awayHere': 'Was fehlt, wird von selbst kopiert, sobald {name} erreichbar ist.',
  'destinations.lacking.awayThere': {
    one: 'Was fehlt, wird von selbst kopiert, sobald {names} erreichbar ist; dort liegt es.',
    other: 'Was fehlt, wird von selbst kopiert, sobald eines der anderen Ziele erreichbar ist: {names}.',
  },
  'destinations.lacking.copy': 'Jetzt kopieren',
  'destinations.lacking.copyTo': 'Jetzt kopieren, was in {name} fehlt',

  'destinations.details': 'Einzelheiten',
  'destinations.detailsOf': 'Einzelheiten von {name}',
  'destinations.checkOf': 'Jetzt prüfen: {name}',
  'destinations.eject': 'Auswerfen',
  'destinations.ejectOf': '{name} auswerfen',
  'destinations.ejected': '{name} kann jetzt abgezogen werden.',
  'destinations.ejectedOn': 'Auf {name} benutzt keine Sicherung mehr etwas; ausschalten ließ es sich nicht.',

  'destinations.kept': 'Schlüssel',
  'destinations.kept.systemd-creds': 'Auf diesem Computer, von ihm versiegelt',
  'destinations.kept.file-permissions': 'Auf diesem Computer, nur für seinen Verwalter lesbar',
  'destinations.kept.memory': 'Bekannt, bis Holdfast endet',
  'destinations.kept.none': 'Nicht aufbewahrt: Sicherungen können nicht laufen',
  'destinations.sheet': 'Wiederherstellungsblatt',
  'destinations.sheet.saved': 'Gespeichert am {when}',
  'destinations.sheet.open': 'Nicht gespeichert',

  'destinations.keys': 'Was sie öffnet',
  'destinations.keys.show': 'Zeigen, was sie öffnet',
  'destinations.keys.kind': 'Art',
  'destinations.keys.made': 'Angelegt',
  'destinations.keys.note': 'Anmerkung',
  'destinations.keys.passphrase': 'Passphrase',
  'destinations.keys.recovery': 'Wiederherstellungsblatt',
  'destinations.keys.keyfile': 'Schlüsseldatei',
  'destinations.keys.remove': 'Entfernen',
  'destinations.keys.removeOf': 'Entfernen: {kind}, angelegt {when}',
  'destinations.keys.removeTitle': '{kind} entfernen?',
  'destinations.keys.removeText':
    'Angelegt wurde es {when}. Danach öffnet es {name} nicht mehr, auf keinem Computer. Wer das Laufwerk vorher kopiert hat, kann jene Kopie weiterhin damit öffnen.',
  'destinations.keys.removeConfirm': 'Endgültig entfernen',
  'destinations.keys.keep': 'Behalten',

  'destinations.unlock': 'Passphrase eingeben',
  'destinations.unlockText': 'Sicherungen brauchen die Passphrase. Sie können es beliebig oft versuchen.',
  'destinations.unlock.do': 'Diese Passphrase behalten',
  'destinations.forget': 'Passphrase vergessen',
  'destinations.forgetTitle': 'Die Passphrase von {name} vergessen?',
  'destinations.forgetText':
    'Dieser Computer kann dann weder dorthin sichern noch von dort wiederherstellen, bis die Passphrase wieder eingegeben wird. Vergewissern Sie sich, dass Sie sie kennen oder das Wiederherstellungsblatt haben: Ohne eines davon kann niemand diese Sicherung öffnen, auch wir nicht.',
  'destinations.change': 'Passphrase ändern',
  'destinations.changeText':
    'Die neue Passphrase gilt für Sicherungen sofort. Die alte öffnet die Sicherung weiter, bis Sie sie entfernen.',
  'destinations.change.do': 'Diese Passphrase nehmen',
  'destinations.changed': 'Die neue Passphrase gilt.',
  'destinations.change.old': {
    one: 'Die alte Passphrase öffnet die Sicherung noch.',
    other: '{count} alte Passphrasen öffnen die Sicherung noch.',
  },
  'destinations.change.removeOld': { one: 'Die alte entfernen', other: 'Alle {count} entfernen' },

  'destinations.sheet.make': 'Wiederherstellungsblatt anlegen',
  'destinations.sheet.makeText':
    'Es entsteht ein neues Blatt mit 24 neuen Wörtern. Früher angelegte Blätter gelten weiter, bis Sie sie oben entfernen.',
  'destinations.sheet.makeDo': 'Blatt anlegen',
  'destinations.sheet.have': 'Ich habe schon eines',
  'destinations.sheet.done':
    'Das Blatt ist gespeichert. Drucken Sie es, oder bewahren Sie es anderswo auf als auf diesem Computer und dem Laufwerk.',
  'destinations.sheet.unsaved': 'Wenn Sie jetzt schließen, sind die 24 Wörter nutzlos: Niemand hat sie.',

  'destinations.settings': 'Einstellungen',
  'destinations.name': 'Name',
  'destinations.place': 'Ort',
  'destinations.drive': 'Laufwerk',
  'destinations.serial': 'Seriennummer',
  'destinations.mayMount': 'Das Laufwerk für eine Sicherung öffnen, wenn es sonst niemand getan hat',
  'destinations.ejectAfter': 'Das Laufwerk nach jeder Sicherung auswerfen',

  'destinations.remove': 'Dieses Ziel entfernen',
  'destinations.removeText':
    'Dieser Computer vergisst {name} und die Passphrase dazu. Die Sicherung selbst bleibt, wo sie ist, mit allen Versionen, und lässt sich mit ihrer Passphrase oder ihrem Wiederherstellungsblatt wieder hinzufügen.',
  'destinations.removeTitle': '{name} entfernen?',
  'destinations.removeDo': 'Ziel entfernen',
  'destinations.inUse': { one: 'Eine Sicherung benutzt es:', other: '{count} Sicherungen benutzen es:' },
  'destinations.inUseText': 'Nehmen Sie es dort zuerst heraus.',

  'destinations.new.where': 'Wo soll es sein?',
  'destinations.new.key': 'Was öffnet es?',
  'destinations.new.sheet': 'Wiederherstellungsblatt speichern',
  'destinations.new.use': 'Für Ihre Sicherungen benutzen',
  'destinations.new.useText':
    'Jede Sicherung, die Sie wählen, wird ab ihrem nächsten Lauf auch an diesem Ort gespeichert.',
  'destinations.new.useDo': 'Benutzen',
  'destinations.new.later': 'Jetzt nicht',
  'destinations.new.change': 'Anderen Ort wählen',
} satisfies Translation<typeof source>
