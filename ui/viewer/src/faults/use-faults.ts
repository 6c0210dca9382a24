/** The faults that are on, asked for now and again; null where the site takes none. */
import { useCallback, useEffect, useState } from 'react'
import type { ActiveFault } from '../../../../models/contracts/fault.ts'
import { api } from '../live/api.ts'

const REFRESH_MS = 5_000

export function useFaults(isConnected: boolean): { readonly faults: readonly ActiveFault[] | null; readonly reload: () => Promise<void> } {
  const [faults, setFaults] = useState<readonly ActiveFault[] | null>(null)
  const [isReadOnly, setIsReadOnly] = useState(false)
  const reload = useCallback(async () => {
    const answer = await api.faults()
    if (answer.ok) setFaults(answer.value.items)
    else if (answer.problem.code === 'SITE_READ_ONLY') setIsReadOnly(true)
  }, [])
  useEffect(() => {
    if (!isConnected || isReadOnly) return
    void reload()
    const timer = setInterval(() => void reload(), REFRESH_MS)
    return () => clearInterval(timer)
  }, [isConnected, isReadOnly, reload])
  return { faults: isReadOnly ? null : faults, reload }
}
