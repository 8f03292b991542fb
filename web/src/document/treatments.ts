/** What a causal section acts on. */
import type { Section } from '../generated/document';
import { lookAt } from './look';

/** A treatment: its place in ids of blocks (`policy_0`), and its name. */
export interface Treatment {
  place: number;
  name: string;
}

/** The treatments of a section in the order of its effects. */
export function treatmentsOf(section: Section): Treatment[] {
  const column = lookAt(section)
    .table('effects')
    ?.columns.find((c) => c.id === 'treatment');
  return [...new Set((column?.values ?? []).map(String))].map((name, place) => ({ place, name }));
}
