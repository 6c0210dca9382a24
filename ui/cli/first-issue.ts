/** A schema's complaint as one sentence for a person. */
import type { z } from 'zod'

export function firstIssue({ issues }: z.ZodError): string {
  const issue = issues[0]
  if (issue === undefined) return 'it cannot be used'
  const path = issue.path.join('.')
  return path === '' ? issue.message : `${path}: ${issue.message}`
}
