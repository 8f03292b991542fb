/** Talks to the `/v1` endpoints, and knows whether the server answers. */
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
  private readonly listeners = new Set<Listener>();

  constructor(private readonly config: Config) {}

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
      response = await fetch(`${this.config.base}/v1/${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ?? null,
      });
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

  /** Follows a job to its end. */
  async follow(started: Job, signal?: AbortSignal, tell?: (progress: Progress) => void): Promise<Job> {
    let job = started;
    let pause = 150;
    while (job.status === 'running') {
      if (job.progress) tell?.(job.progress);
      await sleep(pause, signal).catch(async (cause: unknown) => {
        await this.ask(`jobs/${encodeURIComponent(job.job)}`, { method: 'DELETE' }).catch(() => undefined);
        throw cause;
      });
      pause = Math.min(1000, pause * 1.5);
      job = await this.ask<Job>(`jobs/${encodeURIComponent(job.job)}`);
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
