/** The assessments that are open, wherever they come from, and the rows that are looked at. */
import {
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from '@tanstack/react-query';
import { createContext, useContext, useState, useSyncExternalStore } from 'react';
import { ApiError, type Client } from '../api/client';
import type { AssessmentInfo, Cohort, ColumnInfo, Count, Embedded, Job, Kept, Progress } from '../api/types';
import { readDocument, readSection } from '../document/read';
import type { Document, Section } from '../generated/document';
import { useRoute } from './route';
import { begin, signalOf, stop, tell, useRun, wasBegun } from './runs';

export interface Session {
  client: Client | null;
  embedded: Embedded[];
}

export const SessionContext = createContext<Session>({ client: null, embedded: [] });
export const useSession = (): Session => useContext(SessionContext);

/** True while the server answers; a page without one is never offline. */
export function useOnline(): boolean {
  const { client } = useSession();
  return useSyncExternalStore(client?.subscribe ?? (() => () => undefined), client?.isOnline ?? (() => true));
}

/** The assessments that are open. */
export function useAssessments(): UseQueryResult<AssessmentInfo[]> {
  const { client, embedded } = useSession();
  return useQuery({
    queryKey: ['assessments'],
    queryFn: () =>
      client
        ? client.ask<AssessmentInfo[]>('assessments')
        : embedded.map((e) => ({
            id: e.id,
            name: e.name,
            task: e.document.task,
            n_rows: e.document.datasets.find((d) => d.part === 'test')?.n_rows ?? 0,
            live: false,
            why_not_live: null,
          })),
  });
}

const at = (id: string, rest: string): string => `assessments/${encodeURIComponent(id)}/${rest}`;

/** A document and what could not be read of it. */
export interface OpenDocument {
  document: Document;
  problems: string[];
}

/** The document of an assessment. */
export function useDocument(id: string | null): UseQueryResult<OpenDocument> {
  const { client, embedded } = useSession();
  return useQuery({
    queryKey: ['document', id],
    enabled: id !== null,
    staleTime: Infinity,
    queryFn: async () => {
      const own = embedded.find((e) => e.id === id);
      if (own) return { document: own.document, problems: own.problems };
      if (!client) throw new Error(`there is no assessment \`${id}\` in this page`);
      const read = readDocument(await client.ask<unknown>(at(id ?? '', 'document')));
      if (!read.document) throw new ApiError(200, 'malformed', read.problems.join('; '), null);
      return { document: read.document, problems: read.problems };
    },
  });
}

/** The assessment that is looked at, with its document and cohort. */
export interface Current {
  info: AssessmentInfo;
  document: Document;
  cohort: Selected;
  /** True when new numbers can be computed. */
  isLive: boolean;
}

/** The rows that are looked at. */
export interface Selected {
  /** Its name; null for all rows, and for a predicate without a name. */
  name: string | null;
  predicate: string | null;
}

export const CurrentContext = createContext<Current | null>(null);

/** The assessment that is looked at; only inside a view. */
export function useCurrent(): Current {
  const current = useContext(CurrentContext);
  if (!current) throw new Error('no assessment is open');
  return current;
}

/** The cohorts of an assessment. */
export function useCohorts(info: AssessmentInfo | null, document: Document | null): Cohort[] {
  const { client } = useSession();
  const query = useQuery({
    queryKey: ['cohorts', info?.id],
    enabled: client !== null && info !== null,
    queryFn: () => (client ? client.ask<Cohort[]>(at(info?.id ?? '', 'cohorts')) : []),
  });
  const own = (document?.cohorts ?? []).map((c) => ({
    name: c.name,
    predicate: c.where ?? null,
    n: c.n,
    source: 'document' as const,
  }));
  return (query.data ?? own).filter((c) => c.name !== 'all');
}

/** Saves and deletes cohorts. */
export function useCohortChanges(id: string): {
  save: (name: string, predicate: string) => Promise<Cohort>;
  remove: (name: string) => Promise<void>;
} {
  const { client } = useSession();
  const queries = useQueryClient();
  const changed = (): Promise<void> => queries.invalidateQueries({ queryKey: ['cohorts', id] });
  const save = useMutation({
    mutationFn: (body: { name: string; predicate: string }) =>
      client
        ? client.ask<Cohort>(at(id, 'cohorts'), { method: 'POST', body })
        : Promise.reject(new Error('there is no server')),
    onSuccess: changed,
  });
  const remove = useMutation({
    mutationFn: (name: string) =>
      client
        ? client.ask<void>(at(id, `cohorts/${encodeURIComponent(name)}`), { method: 'DELETE' })
        : Promise.reject(new Error('there is no server')),
    onSuccess: changed,
  });
  return {
    save: (name, predicate) => save.mutateAsync({ name, predicate }),
    remove: (name) => remove.mutateAsync(name),
  };
}

/** How many rows a predicate holds. */
export function useCount(id: string, predicate: string | null, enabled: boolean): UseQueryResult<Count> {
  const { client } = useSession();
  return useQuery({
    queryKey: ['count', id, predicate],
    enabled: enabled && client !== null,
    retry: false,
    // No number of other rows stands in while these are counted.
    staleTime: Infinity,
    queryFn: ({ signal }) =>
      client
        ? client.ask<Count>(at(id, 'count'), { method: 'POST', body: { predicate }, signal })
        : Promise.reject(new Error('there is no server')),
  });
}

/** The columns of the data. */
export function useColumns(id: string, enabled: boolean): UseQueryResult<ColumnInfo[]> {
  const { client } = useSession();
  return useQuery({
    queryKey: ['columns', id],
    enabled: enabled && client !== null,
    staleTime: Infinity,
    queryFn: () => (client ? client.ask<ColumnInfo[]>(at(id, 'columns')) : []),
  });
}

/** A section that may be computed now. */
export interface Computed {
  section: Section | null;
  /** Where it comes from: the document, or a computation on the cohort. */
  from: 'document' | 'cohort';
  isRunning: boolean;
  progress: Progress | null;
  error: unknown;
  cancel: () => void;
  run: () => void;
  /** Stores the result with the assessment. */
  keep: () => Promise<void>;
}

/**
 * The answer of an analysis about the selected rows: the document's for all rows, a computation for a cohort when
 * the server is live. An analysis that the document does not hold runs when it is asked for.
 */
export function useSection(analysis: string, params: Record<string, unknown> | null = null): Computed {
  const { client } = useSession();
  const { info, document, cohort, isLive } = useCurrent();
  const [progress, setProgress] = useState<Progress | null>(null);
  const queries = useQueryClient();
  const own = document.sections.find((s) => s.id === analysis) ?? null;
  const isOther = cohort.predicate !== null || params !== null;
  const key = ['section', info.id, analysis, cohort.predicate, params] as const;
  const name = JSON.stringify(key);
  const begun = useRun(name);
  const enabled = isLive && client !== null && ((isOther && own !== null) || begun.isBegun);
  const body = { analysis, predicate: cohort.predicate, params, keep: false };
  const query = useQuery({
    queryKey: key,
    enabled,
    staleTime: Infinity,
    retry: false,
    gcTime: Infinity,
    queryFn: async (context) => {
      if (!client) throw new Error('there is no server');
      const path = at(info.id, 'sections?wait=0.25');
      // What was asked for goes on in other views; what a cohort needs by itself ends when nobody looks any more.
      if (wasBegun(name))
        return sectionOf(await client.run(path, body, signalOf(name), (step) => tell(name, step)));
      setProgress(null);
      return sectionOf(await client.run(path, body, context.signal, setProgress));
    },
  });
  const usesOwn = !isOther || !isLive;
  return {
    section: usesOwn ? (own ?? query.data ?? null) : (query.data ?? null),
    from: usesOwn ? 'document' : 'cohort',
    isRunning: enabled && query.isFetching,
    progress: begun.progress ?? progress,
    error: enabled ? query.error : null,
    cancel: () => {
      stop(name);
      void queries.cancelQueries({ queryKey: key });
    },
    run: () => {
      begin(name);
      if (enabled) void query.refetch();
    },
    keep: async () => {
      if (!client) return;
      await client.run(at(info.id, 'sections?wait=0.25'), { ...body, keep: true });
      await queries.invalidateQueries({ queryKey: ['kept', info.id] });
    },
  };
}

/** The section of a job that is done. */
export function sectionOf(job: Job): Section {
  const problems: string[] = [];
  const section = readSection(job.section, problems);
  if (!section) throw new ApiError(200, 'malformed', 'the server sent no section', null);
  return section;
}

/** Results that were kept with the assessment. */
export function useKept(): Kept[] {
  const { client } = useSession();
  const { info, isLive } = useCurrent();
  const query = useQuery({
    queryKey: ['kept', info.id],
    enabled: client !== null && isLive,
    queryFn: () => (client ? client.ask<Kept[]>(at(info.id, 'kept')) : []),
  });
  return (query.data ?? []).flatMap((kept) => {
    const section = readSection(kept.section, []);
    return section ? [{ ...kept, section }] : [];
  });
}

/** Deletes a kept result. */
export function useKeptRemoval(): UseMutationResult<void, Error, string> {
  const { client } = useSession();
  const { info } = useCurrent();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (job: string) =>
      client
        ? client.ask<void>(at(info.id, `kept/${encodeURIComponent(job)}`), { method: 'DELETE' })
        : Promise.reject(new Error('there is no server')),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['kept', info.id] }),
  });
}

/** The cohort that the address names. */
export function useSelected(cohorts: Cohort[]): Selected {
  const route = useRoute();
  if (route.where !== null) return { name: null, predicate: route.where };
  const cohort = cohorts.find((c) => c.name === route.cohort);
  return cohort ? { name: cohort.name, predicate: cohort.predicate } : { name: null, predicate: null };
}
