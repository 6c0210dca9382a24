/** Access by the one token that all share: whoever has it may do everything, and nobody else anything. */
import type { Access } from '../../models/contracts/access.ts'
import { TwinError } from '../../models/errors.ts'
import { isToken } from './guard.ts'

const EVERYBODY = { user: null, groups: [], namespaces: 'all', expiresMs: null } as const

/** @param token null: none is set, and everybody has it; only for an address that other machines cannot reach. */
export function createTokenAccess(token: string | null): Access {
  return {
    admit: async (given) => {
      if (isToken(given, token)) return EVERYBODY
      throw new TwinError(
        'UNAUTHORIZED',
        'the token is missing or wrong; send `Authorization: Bearer TOKEN`, or `auth: { token }` on a socket',
      )
    },
  }
}
