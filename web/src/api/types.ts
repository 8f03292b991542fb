/** What the `/v1` endpoints say. Documents and sections have their generated types. */
import type { Document, Section } from '../generated/document';

export interface AssessmentInfo {
  id: string;
  name: string;
  task: string;
  n_rows: number;
  live: boolean;
  why_not_live: string | null;
}

export interface Cohort {
  name: string;
  predicate: string | null;
  n: number;
  source: 'document' | 'saved';
}

export interface Count {
  n: number;
  share: number;
  n_wrong?: number | null;
  error_rate?: number | null;
  mean_error?: number | null;
}

export interface ColumnInfo {
  name: string;
  type: string;
  roles: string[];
  n_missing?: number | null;
  min?: number | null;
  max?: number | null;
  levels?: string[] | null;
  n_levels?: number | null;
}

export type Value = string | number | boolean | null;

export interface Rows {
  n: number;
  offset: number;
  columns: string[];
  rows: Value[][];
}

export interface Progress {
  what: string;
  done: number;
  of: number | null;
}

export interface Job {
  job: string;
  status: 'running' | 'done' | 'failed' | 'cancelled';
  progress?: Progress | null;
  section?: Section | null;
  error?: { code: string; message: string; hint?: string | null } | null;
}

export interface Kept {
  job: string;
  analysis: string;
  predicate: string | null;
  section: Section;
}

export interface Prediction {
  predicted: string | null;
  probability: number[] | null;
  value: number | null;
}

export interface ComparedRow {
  id: string;
  a: number | null;
  b: number | null;
  difference: number | null;
  interval: { low: number; high: number; level: number; method: string } | null;
  better: string;
}

export interface Comparison {
  says: string;
  rows: ComparedRow[];
}

/** A document that stands in the page. */
export interface Embedded {
  id: string;
  name: string;
  document: Document;
  problems: string[];
}
