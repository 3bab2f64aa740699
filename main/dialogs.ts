import { type BaseWindow, dialog, type OpenDialogOptions, type SaveDialogOptions } from 'electron'
import { endingOf, suggestedName, type TextFile, writeTextFile } from './textFile.ts'
import type { Texts } from './texts.ts'

/** Dialogues of the system. What a page gets is a path that the person has chosen, and nothing of what is in it. */
export class Dialogs {
  readonly #texts: Texts
  readonly #parent: () => BaseWindow | undefined

  constructor(texts: Texts, parent: () => BaseWindow | undefined) {
    this.#texts = texts
    this.#parent = parent
  }

  /** Null when it was closed. */
  chooseFile(): Promise<string | null> {
    return this.#choose({ title: this.#texts.chooseFile, properties: ['openFile'] })
  }

  chooseFolder(): Promise<string | null> {
    return this.#choose({ title: this.#texts.chooseFolder, properties: ['openDirectory', 'createDirectory'] })
  }

  /** False when the person does not keep it, or it could not be written, of which they are told. */
  async saveText(file: TextFile): Promise<boolean> {
    const parent = this.#parent()
    const ending = endingOf(file.type)
    const options: SaveDialogOptions = {
      title: this.#texts.save,
      defaultPath: suggestedName(file),
      filters: [{ name: ending.toUpperCase(), extensions: [ending] }],
    }
    const answer = parent ? await dialog.showSaveDialog(parent, options) : await dialog.showSaveDialog(options)
    if (answer.canceled || answer.filePath === '') return false
    try {
      await writeTextFile(answer.filePath, file.text)
      return true
    } catch (error) {
      dialog.showErrorBox(this.#texts.save, error instanceof Error ? error.message : String(error))
      return false
    }
  }

  async #choose(options: OpenDialogOptions): Promise<string | null> {
    const parent = this.#parent()
    const answer = parent ? await dialog.showOpenDialog(parent, options) : await dialog.showOpenDialog(options)
    return answer.canceled ? null : (answer.filePaths[0] ?? null)
  }
}
