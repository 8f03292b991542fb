/** Which views there are and which sections they show. A section that no view knows gets a view of its own. */
import type { Document } from '../generated/document';
import type { Key } from '../i18n';

export interface View {
  id: string;
  /** The word for it; none for a section's own view, which has the section's title. */
  word: Key | null;
  title: string;
  sections: string[];
}

const KNOWN: { id: string; word: Key; sections: string[] }[] = [
  { id: 'overview', word: 'overview', sections: [] },
  { id: 'performance', word: 'performance', sections: ['performance'] },
  { id: 'fairness', word: 'fairness', sections: ['fairness'] },
  { id: 'errors', word: 'errors', sections: ['errors'] },
  { id: 'data', word: 'data', sections: ['explorer', 'balance'] },
  { id: 'explain', word: 'explain', sections: ['explain'] },
  { id: 'counterfactuals', word: 'counterfactuals', sections: ['counterfactuals', 'what_if'] },
  { id: 'causal', word: 'causal', sections: ['causal'] },
  { id: 'compare', word: 'compare', sections: [] },
  { id: 'provenance', word: 'provenance', sections: [] },
];

/** The view that shows a section. */
export const viewOf = (section: string): string =>
  KNOWN.find((v) => v.sections.includes(section))?.id ?? section;

/** The views of a document; sections that are new to this page come before the comparison. */
export function viewsOf(document: Document | null): View[] {
  const views: View[] = KNOWN.map((v) => ({ ...v, title: '' }));
  const others = (document?.sections ?? [])
    .filter((s) => viewOf(s.id) === s.id && !KNOWN.some((v) => v.id === s.id))
    .map((s) => ({ id: s.id, word: null, title: s.title, sections: [s.id] }));
  views.splice(views.length - 2, 0, ...others);
  return views;
}
