/** Who the server takes us for, and what it lets us do: asked again as time goes by, since rights come and go. */
import { useEffect, useSyncExternalStore } from 'react'
import type { AccessAnswer, Right } from '../../../../models/contracts/access.ts'
import { api } from './api.ts'

const EVERY_MS = 60_000

let current: AccessAnswer | null = null
const listeners = new Set<() => void>()
const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** null: not told yet. */
export const useAccess = (): AccessAnswer | null => useSyncExternalStore(subscribe, () => current)

/** Keeps it new while the page is connected. */
export function useFreshAccess(isConnected: boolean): void {
  useEffect(() => {
    if (!isConnected) return
    const ask = async () => {
      const answer = await api.access()
      if (!answer.ok) return
      current = answer.value
      for (const listener of listeners) listener()
    }
    void ask()
    const timer = setInterval(() => void ask(), EVERY_MS)
    return () => clearInterval(timer)
  }, [isConnected])
}

/** Whose pods are shown; null: all. undefined: not told yet. */
export function useNamespaces(): readonly string[] | null | undefined {
  const access = useAccess()
  return access === null ? undefined : (access.rights.find(({ right }) => right === 'get twins')?.namespaces ?? null)
}

/** Why a button is off; '' when it is not. What is not known yet is left to the server to refuse. */
export function useWhyNot(right: Right): string {
  return whyNot(useAccess(), right)
}

export function whyNot(access: AccessAnswer | null, right: Right): string {
  const found = access?.rights.find((one) => one.right === right)
  return found === undefined || found.allowed ? '' : found.reason
}
