/** Times with the six decimals that the API server insists on in leases and events. */

export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
