/** Why any row is predicted so, asked of the server once for every view that shows it. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import type { Progress } from '../api/types';
import type { Section } from '../generated/document';
import { sectionOf, useCurrent, useSession } from '../state/session';

/** The section that explains a row, and how far its computation is. */
export function useWhy(row: number): { why: UseQueryResult<Section>; progress: Progress | null } {
  const { client } = useSession();
  const { info } = useCurrent();
  const [progress, setProgress] = useState<Progress | null>(null);
  const why = useQuery({
    queryKey: ['why', info.id, row],
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }) => {
      if (!client) throw new Error('there is no server');
      const body = {
        analysis: 'explain',
        predicate: `_index = ${row}`,
        params: { rows: [row] },
        keep: false,
      };
      const path = `assessments/${encodeURIComponent(info.id)}/sections?wait=0.25`;
      return sectionOf(await client.run(path, body, signal, setProgress));
    },
  });
  return { why, progress };
}
