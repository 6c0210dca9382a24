/** How fast the machine's network is set to be: that of its fastest interface with hardware behind it. */
import { existsSync } from 'node:fs'
import { known, list, readScaled } from './kernel-files.ts'

/** The kernel counts in Mbit/s, and says -1 where it does not know. */
const BYTES_PER_MEGABIT = 125_000

export function readNetwork({ sys }: { readonly sys: string }): { readonly networkSpeedBytesPerSecond?: number } {
  const all = `${sys}/class/net`
  const speeds = list(all, /./).flatMap((name) => {
    const megabits = existsSync(`${all}/${name}/device`) ? readScaled(`${all}/${name}/speed`) : undefined
    return megabits !== undefined && megabits > 0 ? [megabits * BYTES_PER_MEGABIT] : []
  })
  return known({ networkSpeedBytesPerSecond: speeds.length === 0 ? undefined : Math.max(...speeds) })
}
