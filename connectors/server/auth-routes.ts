/** Who the server takes the sender for, and what it lets them do. */
import { type AccessAnswer, accessAnswerShape, grantOf, RIGHTS, type Right, ROW_RIGHTS } from '../../models/contracts/access.ts'
import { TwinError } from '../../models/errors.ts'
import type { App, AppOptions } from './app-options.ts'
import { bearerToken } from './guard.ts'

export function addAccessRoute(app: App, { access }: AppOptions): void {
  const judge = async (token: string | null, right: Right): Promise<AccessAnswer['rights'][number]> => {
    try {
      const scope = ROW_RIGHTS.includes(right) ? 'rows' : 'cluster'
      const { namespaces } = await access.admit(token, right, { isOpen: true, scope })
      return { right, allowed: true, reason: '', grant: '', ...(namespaces === 'all' ? {} : { namespaces: [...namespaces] }) }
    } catch (error) {
      if (!(error instanceof TwinError) || error.code === 'UNAUTHORIZED') throw error
      return { right, allowed: false, reason: error.message, grant: grantOf(error) }
    }
  }
  app.get(
    '/api/v1/access',
    { schema: { summary: 'Who you are here, and what you may do.', response: { 200: accessAnswerShape } } },
    async ({ subject, headers }) => {
      const token = bearerToken(headers)
      const rights = await Promise.all((Object.keys(RIGHTS) as Right[]).map((right) => judge(token, right)))
      const { user, groups, expiresMs } = subject ?? { user: null, groups: [], expiresMs: null }
      return { user, groups: [...groups], expiresMs, rights }
    },
  )
}
