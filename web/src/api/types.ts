/** What the `/v1` endpoints say. The types are made from the server's description; here they get their short names. */
import type { Answers } from '../generated/answers';
import type { Document, Section } from '../generated/document';

export type AssessmentInfo = Omit<Answers['Listed'], 'is_sample'>;
export type Count = Answers['Count'];
export type ColumnInfo = Pick<Answers['ColumnView'], 'name' | 'type'> &
  Partial<Omit<Answers['ColumnView'], 'roles'>> & { roles: string[] };
export type Prediction = Answers['Prediction'];
export type Comparison = Answers['ComparisonView'];
export type Job = Omit<Answers['JobView'], 'section'> & { section?: Section | null };
export type Pin = Answers['Pin'] & { set: Record<string, Value> };
export type NewPin = Omit<Answers['NewPin'], 'set'> & { set: Record<string, Value> };
export type Progress = Answers['JobView']['progress'];
export type Kept = Omit<Answers['KeptSection'], 'section'> & { section: Section };

/** A cohort; all rows have no predicate. */
export type Cohort = Omit<Answers['CohortView'], 'predicate'> & { predicate: string | null };

/** The value of a cell. */
export type Value = string | number | boolean | null;

export type Rows = Omit<Answers['Page'], 'rows'> & { rows: Value[][] };

/** A document that stands in the page. */
export interface Embedded {
  id: string;
  name: string;
  document: Document;
  problems: string[];
}
