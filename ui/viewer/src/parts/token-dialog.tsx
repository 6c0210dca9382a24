/** Asks for the token when the server wants one, and says what was wrong with the last; it is kept for this tab only. */
import { useEffect, useRef, useState } from 'react'
import { ACCESS_AUDIENCE } from '../../../../models/contracts/audience.ts'
import { keepToken, onTokenNeeded } from '../live/api.ts'
import { usePage } from '../live/store.ts'
import { TextField } from './fields.tsx'

export function TokenDialog() {
  const dialog = useRef<HTMLDialogElement>(null)
  const { connection } = usePage()
  const [token, setToken] = useState('')
  useEffect(() => onTokenNeeded(() => show(dialog.current)), [])
  useEffect(() => {
    if (connection.state === 'unauthorized') show(dialog.current)
  }, [connection.state])
  return (
    <dialog ref={dialog} className="help" aria-labelledby="token-title">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          keepToken(token.trim())
          location.reload()
        }}
      >
        <h2 id="token-title">Sign in</h2>
        {connection.refusal === '' ? null : <p>{connection.refusal}</p>}
        <p className="fine">
          The token was set where the server was started, or the cluster makes one:{' '}
          <code>kubectl create token NAME --namespace NAMESPACE --audience {ACCESS_AUDIENCE}</code>. It stays in this tab and is forgotten
          with it.
        </p>
        <TextField label="Token" type="password" value={token} onChange={setToken} />
        <div className="buttons">
          <button type="submit" className="primary" disabled={token.trim() === ''}>
            Sign in
          </button>
        </div>
      </form>
    </dialog>
  )
}

function show(dialog: HTMLDialogElement | null): void {
  if (dialog?.open === false) dialog.showModal()
}
