/** Kubernetes quantities as whole numbers, rounded up as the scheduler does. */
import { TwinError } from '../../errors.ts'

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
/** Powers of ten of the decimal suffixes. */
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }

/**
 * `quantity` in units of `10^-scale`, rounded away from zero: scale 0 for bytes and counts, 3 for thousandths of a CPU.
 * Above 2^53 the result is the nearest number.
 *
 * @throws TwinError QUERY_INVALID for a text that is no quantity.
 */
export function quantity(text: string, scale: 0 | 3 = 0): number {
  const match = FORM.exec(text)
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match ?? []
  if (match === null || whole + fraction === '') {
    throw new TwinError('QUERY_INVALID', `"${text}" is no Kubernetes quantity; write it as 500m, 2 or 1.5Gi`)
  }
  const binary = 1024n ** BigInt(BINARY.indexOf(suffix) + 1)
  const power = (exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent.slice(1))) + scale - fraction.length
  const digits = BigInt(whole + fraction) * binary
  const magnitude = power >= 0 ? digits * 10n ** BigInt(power) : ceilDivide(digits, 10n ** BigInt(-power))
  return Number(sign === '-' ? -magnitude : magnitude)
}

function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b
}
