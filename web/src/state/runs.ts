/** Computations that somebody started: they go on while other views are looked at, and can be stopped from anywhere. */
import { useSyncExternalStore } from 'react';
import type { Progress } from '../api/types';

interface Run {
  stop: AbortController;
  progress: Progress | null;
}

const runs = new Map<string, Run>();
const listeners = new Set<() => void>();
const changed = (): void => listeners.forEach((listener) => listener());

/** Notes that a computation was asked for; gives the signal that stops it. */
export function begin(name: string): AbortSignal {
  runs.get(name)?.stop.abort();
  const run = { stop: new AbortController(), progress: null };
  runs.set(name, run);
  changed();
  return run.stop.signal;
}

/** True when somebody asked for it and nobody stopped it. */
export const wasBegun = (name: string): boolean => runs.has(name);

/** The signal of a computation that was asked for. */
export const signalOf = (name: string): AbortSignal | undefined => runs.get(name)?.stop.signal;

/** Stops a computation. */
export function stop(name: string): void {
  runs.get(name)?.stop.abort();
  runs.delete(name);
  changed();
}

/** Tells how far a computation is. */
export function tell(name: string, progress: Progress): void {
  const run = runs.get(name);
  if (!run) return;
  run.progress = progress;
  changed();
}

/** How far a computation is, followed. */
export function useRun(name: string): { isBegun: boolean; progress: Progress | null } {
  const run = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => runs.get(name)?.progress ?? (runs.has(name) ? BEGUN : null),
  );
  return { isBegun: run !== null, progress: run === BEGUN ? null : run };
}

/** Stands for a computation that has told nothing yet. */
const BEGUN: Progress = { what: '', done: 0, of: null };
