/** Longest name of a version, in characters (all of them ASCII). */
export const maxVersionName = 248

/** Letters, digits and any of - _ . : / @ +, with no - at either end. */
export const versionNameShape = /^(?!-)[-a-zA-Z0-9_.:/@+]+(?<!-)$/
