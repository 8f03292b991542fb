/** Asks the window around the page instead of a server: a notebook holds the page in a frame and carries its requests to the
 * session that made the assessment, so that no port is needed. */

/** What stands before `/v1` where the window around the page answers. */
export const PARENT = 'parent:';

let asked = 0;

/** Like `fetch`, through the window around the page. */
export function askParent(path: string, init: RequestInit): Promise<Response> {
  const id = `${Date.now()}-${(asked += 1)}`;
  const { signal } = init;
  return new Promise((done, fail) => {
    const end = (): void => {
      window.removeEventListener('message', hear);
      signal?.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      end();
      fail(new DOMException('aborted', 'AbortError'));
    };
    const hear = (event: MessageEvent<unknown>): void => {
      if (event.source !== window.parent) return;
      const told = (event.data as { equipoise?: { id?: string; status?: number; body?: string } } | null)
        ?.equipoise;
      if (told?.id !== id) return;
      end();
      if (typeof told.status !== 'number') fail(new TypeError('the notebook does not answer'));
      else done(new Response(told.status === 204 ? null : (told.body ?? ''), { status: told.status }));
    };
    if (signal?.aborted) {
      abort();
      return;
    }
    window.addEventListener('message', hear);
    signal?.addEventListener('abort', abort);
    const { method = 'GET', body } = init;
    window.parent.postMessage(
      { equipoise: { id, method, path, body: typeof body === 'string' ? body : null } },
      '*',
    );
  });
}
