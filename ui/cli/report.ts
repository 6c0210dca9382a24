/** What a command tells people, as lines and tables in order: written for the terminal, or as a Markdown page. */
import { toMarkdownTable, toTable } from './table.ts'

export type Block =
  | { readonly lines: readonly string[] }
  /** The heading is for pages; on a terminal the titles say it. */
  | { readonly heading: string; readonly titles: readonly string[]; readonly rows: readonly (readonly string[])[] }

/** Blocks without lines or rows are left out. */
export function toPlain(blocks: readonly Block[]): string {
  return blocks
    .filter(hasContent)
    .map((block) => ('lines' in block ? block.lines.map((line) => `${line}\n`).join('') : toTable(block.titles, block.rows)))
    .join('\n')
}

export function toMarkdown(title: string, blocks: readonly Block[]): string {
  const pieces = blocks.filter(hasContent).map((block) =>
    'lines' in block
      ? block.lines.map((line) => `${escapeMarkdown(line.trim())}\n`).join('\n')
      : `## ${block.heading}\n\n${toMarkdownTable(
          block.titles,
          block.rows.map((row) => row.map(escapeMarkdown)),
        )}`,
  )
  return [`# ${escapeMarkdown(title)}\n`, ...pieces].join('\n')
}

function hasContent(block: Block): boolean {
  return 'lines' in block ? block.lines.length > 0 : block.rows.length > 0
}

/** A name from outside is text, not markup. */
function escapeMarkdown(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_<>[\]|#]/g, '\\$&')
}
