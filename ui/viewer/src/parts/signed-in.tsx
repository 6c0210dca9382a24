/** The name that the server knows us by; nothing where all share one token, or need none. */
import { useAccess, useNamespaces } from '../live/access.ts'
import { forgetToken } from '../live/api.ts'

export function SignedIn() {
  const access = useAccess()
  const namespaces = useNamespaces()
  if (access === null || access.user === null) return null
  const { user, groups, expiresMs } = access
  const ends = expiresMs === null ? '' : `; until ${new Date(expiresMs).toLocaleTimeString()}`
  const sees = namespaces ? `; sees the pods of ${namespaces.join(', ')} only` : ''
  const signOut = () => {
    forgetToken()
    location.reload()
  }
  return (
    <button
      type="button"
      className="quiet user"
      data-testid="signed-in"
      aria-label={`Signed in as ${user}. Sign out`}
      title={`${user}${groups.length === 0 ? '' : ` (${groups.join(', ')})`}${ends}${sees}. Click to sign out`}
      onClick={signOut}
    >
      {user.replace(/^system:serviceaccount:/, '')}
    </button>
  )
}
