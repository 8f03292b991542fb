/** Changes of rows that are kept at hand. They stay in the browser where it allows. */
import { useSyncExternalStore } from 'react';
import type { Value } from '../api/types';

export interface Pin {
  row: number;
  set: Record<string, Value>;
}

const KEY = 'equipoise-pins';
const listeners = new Set<() => void>();
const EMPTY: Pin[] = [];
let all: Record<string, Pin[]> | null = null;

function read(): Record<string, Pin[]> {
  if (all) return all;
  try {
    all = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, Pin[]>;
  } catch {
    all = {};
  }
  return all;
}

function write(assessment: string, pins: Pin[]): void {
  all = { ...read(), [assessment]: pins };
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // Without storage they last as long as the page.
  }
  listeners.forEach((listener) => listener());
}

/** Keeps a change. */
export const pin = (assessment: string, added: Pin): void =>
  write(assessment, [...(read()[assessment] ?? []), added]);

/** Lets one go. */
export const drop = (assessment: string, at: number): void =>
  write(
    assessment,
    (read()[assessment] ?? []).filter((_, i) => i !== at),
  );

/** The kept changes of an assessment. */
export function usePins(assessment: string): Pin[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => read()[assessment] ?? EMPTY,
  );
}
