/** What a token of the cluster has to be made out for. In a file without zod: the page shows it before anything else is loaded. */
export const ACCESS_AUDIENCE = 'edgetwin'
