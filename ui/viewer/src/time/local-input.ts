/** @returns the time as `datetime-local` wants it: local, without a zone, to the second. */
export function toLocalInput(timeMs: number): string {
  const local = new Date(timeMs - new Date(timeMs).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 19)
}
