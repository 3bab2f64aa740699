/** Options of all verbs that look into versions. */
export interface FilesOptions {
  luksPassphraseFile?: string
}

export const luksOption = ['--luks-passphrase-file <file>', 'passphrase of encrypted volumes, else asked for'] as const
