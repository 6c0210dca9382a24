/** The hash two twins are compared by: SHA-256, hex, of the canonical JSON. Equal journals give equal hashes. */
import { createHash } from 'node:crypto'
import type { Snapshot } from '../models/ports.ts'
import { canonicalJson } from '../twin/canonical-json.ts'
import { type TwinState, toJson } from '../twin/twin-state.ts'

export function stateHash(state: TwinState): string {
  return snapshotOf(state).hash
}

export function snapshotOf(state: TwinState): Snapshot {
  const stateJson = canonicalJson(toJson(state))
  return { sequence: state.sequence, hash: createHash('sha256').update(stateJson).digest('hex'), stateJson }
}
