/** A configuration with the remotes plain and crypt, in one folder. The password is rclone's obscured form of "holdfast". */
export const rcloneConfig = (folder: string): string => `
[plain]
type = alias
remote = ${folder}

[crypt]
type = crypt
remote = ${folder}/encrypted
filename_encryption = obfuscate
password = ${obscuredPassword}
`
const obscuredPassword = 'gQ1Dd_JNsL-i4chqmVZ-r3QFRjQ8mn0S'
