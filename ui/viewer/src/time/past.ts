/** Shows a past instant in all views, or the live twin again. */
import { api, type Problem } from '../live/api.ts'
import { store } from '../live/store.ts'
import { viewOfState } from '../live/view.ts'

/** @returns what was wrong, null when the views show it. */
export async function changePast(at: Date | null): Promise<Problem | null> {
  if (at === null) {
    store.setPast(null)
    return null
  }
  const answer = await api.state(at)
  if (!answer.ok) return answer.problem
  store.setPast({ atMs: at.getTime(), view: viewOfState(answer.value.state) })
  return null
}
