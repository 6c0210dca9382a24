/** A list for people, whose length is no matter: the first of it by name, and of the rest how many. */

const NAMED_MAX = 5

/** 'a, b and 3 more', or 'a; b; and 3 more' of what has commas itself. */
export function someOf(
  texts: readonly string[],
  { max = NAMED_MAX, between = ', ' }: { readonly max?: number; readonly between?: ', ' | '; ' } = {},
): string {
  const rest = texts.length - max
  const more = rest > 0 ? `${between === '; ' ? ';' : ''} and ${rest} more` : ''
  return texts.slice(0, max).join(between) + more
}
