/** The faults that are on, asked for now and again; null where the site takes none, which is then not asked. */
import { useCallback, useEffect, useState } from 'react'
import type { ActiveFault } from '../../../../models/contracts/fault.ts'
import { api } from '../live/api.ts'

const REFRESH_MS = 5_000

/** @param isTaking Whether we are connected to a site that takes faults. */
export function useFaults(isTaking: boolean): { readonly faults: readonly ActiveFault[] | null; readonly reload: () => Promise<void> } {
  const [faults, setFaults] = useState<readonly ActiveFault[] | null>(null)
  const [isReadOnly, setIsReadOnly] = useState(false)
  const reload = useCallback(async () => {
    const answer = await api.faults()
    if (answer.ok) setFaults(answer.value.items)
    else if (answer.problem.code === 'SITE_READ_ONLY') setIsReadOnly(true)
  }, [])
  useEffect(() => {
    if (!isTaking || isReadOnly) return
    void reload()
    const timer = setInterval(() => void reload(), REFRESH_MS)
    return () => clearInterval(timer)
  }, [isTaking, isReadOnly, reload])
  return { faults: isReadOnly ? null : faults, reload }
}
