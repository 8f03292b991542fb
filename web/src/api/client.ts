/** Talks to the `/v1` endpoints, and knows whether the server answers. */
import { PARENT, askParent } from './parent';
import type { Job, Progress } from './types';

/** What the server said when it could not do something. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null,
  ) {
    super(message);
  }
}

/** The server did not answer at all. */
export class Unreachable extends Error {}

export interface Config {
  base: string;
  token: string;
}

type Listener = () => void;

interface Asking {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** A server of assessments. */
export class Client {
  private online = true;
  private streams = 0;
  private readonly listeners = new Set<Listener>();

  constructor(readonly config: Config) {}

  /** True while the last request was answered. */
  isOnline = (): boolean => this.online;

  /** Tells when the server is gone or back. */
  subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private setOnline(online: boolean): void {
    if (this.online === online) return;
    this.online = online;
    this.listeners.forEach((listener) => listener());
  }

  /** Asks for JSON. */
  async ask<T>(path: string, { method = 'GET', body, signal }: Asking = {}): Promise<T> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.config.token}` };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response: Response;
    try {
      const asked: RequestInit = {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ?? null,
      };
      const { base } = this.config;
      response = await (base === PARENT
        ? askParent(`/v1/${path}`, asked)
        : fetch(`${base}/v1/${path}`, asked));
    } catch (cause) {
      if (signal?.aborted) throw cause;
      this.setOnline(false);
      throw new Unreachable('the server does not answer');
    }
    this.setOnline(true);
    if (response.status === 204) return undefined as T;
    const text = await response.text();
    const said: unknown = text === '' ? null : safely(text);
    if (!response.ok) throw errorOf(response.status, said);
    if (said === undefined)
      throw new ApiError(response.status, 'not_json', 'the server did not answer in JSON', null);
    return said as T;
  }

  /** Starts a job, follows it to its end and gives its section; an abort cancels it. */
  async run(
    path: string,
    body: unknown,
    signal?: AbortSignal,
    tell?: (progress: Progress) => void,
  ): Promise<Job> {
    return this.follow(await this.ask<Job>(path, { method: 'POST', body, signal }), signal, tell);
  }

  /** Reads the events of a job until it ends; fails where they do not come through. */
  private async listen(name: string, tell: (job: Job) => void, signal?: AbortSignal): Promise<void> {
    this.streams += 1;
    const stop = new AbortController();
    const end = (): void => stop.abort();
    signal?.addEventListener('abort', end);
    let first: ReturnType<typeof setTimeout> | null = setTimeout(end, FIRST_EVENT_MS);
    try {
      const response = await fetch(`${this.config.base}/v1/jobs/${encodeURIComponent(name)}/events`, {
        headers: { Authorization: `Bearer ${this.config.token}`, Accept: 'text/event-stream' },
        signal: stop.signal,
      });
      const reader = response.ok ? response.body?.getReader() : undefined;
      if (!reader) throw new Error('there are no events');
      const decoder = new TextDecoder();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        const found = eventsIn(rest + decoder.decode(value, { stream: true }));
        rest = found.rest;
        for (const data of found.data) {
          const job = safely(data) as Job | undefined;
          if (!job || typeof job.status !== 'string') continue;
          if (first !== null) clearTimeout(first);
          first = null;
          tell(job);
        }
      }
    } finally {
      if (first !== null) clearTimeout(first);
      signal?.removeEventListener('abort', end);
      this.streams -= 1;
      end();
    }
  }

  /** Follows a job to its end: by its events, and where they do not come through, by asking again and again. */
  async follow(started: Job, signal?: AbortSignal, tell?: (progress: Progress) => void): Promise<Job> {
    let job = started;
    const told = (next: Job): void => {
      job = next;
      if (next.progress) tell?.(next.progress);
    };
    try {
      if (job.status === 'running') {
        told(job);
        // A browser talks to a server over six connections at most, and streams must leave some to others. The window around
        // the page carries whole answers only.
        if (this.streams < MOST_STREAMS && this.config.base !== PARENT)
          await this.listen(job.job, told, signal).catch((cause: unknown) => {
            if (signal?.aborted) throw cause;
          });
      }
      for (let pause = 150; job.status === 'running'; pause = Math.min(1000, pause * 1.5)) {
        await sleep(pause, signal);
        told(await this.ask<Job>(`jobs/${encodeURIComponent(job.job)}`));
      }
    } catch (cause) {
      if (signal?.aborted)
        await this.ask(`jobs/${encodeURIComponent(job.job)}`, { method: 'DELETE' }).catch(() => undefined);
      throw cause;
    }
    if (job.status === 'failed')
      throw new ApiError(
        500,
        job.error?.code ?? 'failed',
        job.error?.message ?? 'the job failed',
        job.error?.hint ?? null,
      );
    if (job.status === 'cancelled') throw new ApiError(409, 'cancelled', 'the job was cancelled', null);
    return job;
  }
}

const MOST_STREAMS = 2;

/** The longest wait for the first event; a proxy that gathers answers lets none through. */
const FIRST_EVENT_MS = 2000;

/** The data of whole events, and what is left of the text. */
export function eventsIn(text: string): { data: string[]; rest: string } {
  const parts = text.replace(/\r\n?/g, '\n').split('\n\n');
  const rest = parts.pop() ?? '';
  const dataOf = (event: string): string =>
    event
      .split('\n')
      .flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trimStart()] : []))
      .join('\n');
  return { data: parts.map(dataOf).filter((data) => data !== ''), rest };
}

function safely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorOf(status: number, said: unknown): ApiError {
  const error = (said as { error?: { code?: string; message?: string; hint?: string | null } } | null)?.error;
  return new ApiError(
    status,
    error?.code ?? 'http',
    error?.message ?? `the server answered ${status}`,
    error?.hint ?? null,
  );
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      fail(new DOMException('aborted', 'AbortError'));
    });
  });
}

/** What to tell people about anything that was thrown. */
export function messageOf(error: unknown): { message: string; hint: string | null } {
  if (error instanceof ApiError) return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : String(error), hint: null };
}
