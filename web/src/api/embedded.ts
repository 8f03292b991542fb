/** What stands in the page: documents, or where the server is. */
import { readDocument } from '../document/read';
import type { Config } from './client';
import type { Embedded } from './types';

/** What the page has to show. */
export type Embedding =
  { mode: 'static'; documents: Embedded[]; problems: string[] } | { mode: 'live'; config: Config };

/** Reads the texts of the two elements of the page. */
export function readEmbedding(configText: string, documentsText: string): Embedding {
  if (configText.trim() !== '') {
    const config = parsed(configText) as Partial<Config> | undefined;
    if (config && typeof config.token === 'string')
      return { mode: 'live', config: { base: (config.base ?? '').replace(/\/+$/, ''), token: config.token } };
    return { mode: 'static', documents: [], problems: ['the configuration in the page cannot be read'] };
  }
  if (documentsText.trim() === '') return { mode: 'static', documents: [], problems: [] };
  const list = parsed(documentsText);
  if (!Array.isArray(list))
    return { mode: 'static', documents: [], problems: ['the documents in the page are not a JSON list'] };
  const problems: string[] = [];
  const documents = list.flatMap((entry: unknown, i) => {
    const raw = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
    const read = readDocument(raw.document);
    const name = typeof raw.name === 'string' ? raw.name : `${i + 1}`;
    if (!read.document) {
      problems.push(`${name}: ${read.problems.join('; ')}`);
      return [];
    }
    const id = typeof raw.id === 'string' ? raw.id : String(i);
    return [{ id, name, document: read.document, problems: read.problems }];
  });
  return { mode: 'static', documents, problems };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
