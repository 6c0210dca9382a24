/** A sentence of the twin, made readable; resting on it shows the whole. */
import { readable } from '../format.ts'

export function Told({ text }: { text: string }) {
  const short = readable(text)
  return short === text ? text : <span title={text}>{short}</span>
}
