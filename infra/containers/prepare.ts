/**
 * Before the other containers start: makes the secrets that are missing, and gives folders to who will write in them.
 * What is there stays as it is, so it may run at every start.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: { secrets: { type: 'string' }, own: { type: 'string', multiple: true, default: [] } },
  allowPositionals: true,
})
if (values.secrets === undefined) throw new Error('usage: prepare.ts --secrets=FOLDER [--own=UID:GID:FOLDER …] SECRET …')

mkdirSync(values.secrets, { recursive: true })
for (const name of positionals) {
  const file = join(values.secrets, name)
  if (existsSync(file)) continue
  writeFileSync(`${file}.new`, randomBytes(24).toString('base64url'))
  // Their readers are different users; only who may read them has the folder.
  chmodSync(`${file}.new`, 0o444)
  renameSync(`${file}.new`, file)
}

for (const owned of values.own) {
  const [, uid, gid, folder] = /^(\d+):(\d+):(.+)$/.exec(owned) ?? []
  if (folder === undefined) throw new Error(`--own=${owned} is not UID:GID:FOLDER`)
  chownSync(folder, Number(uid), Number(gid))
}
