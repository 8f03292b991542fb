/** A long view in parts: a list of what is there, and one part at a time. The address says which. */
import type { ReactElement, ReactNode } from 'react';
import { useWords } from '../i18n';
import { useRoute, viewHref } from '../state/route';
import { Boundary } from './boundary';

/** A part of a view. */
export interface Part {
  id: string;
  title: string;
  show: () => ReactNode;
}

const ALL = 'all';

/** Parts under a list of links; the last link shows all of them, for reading through and for paper. */
export function Parts({ name, parts }: { name: string; parts: Part[] }): ReactElement | null {
  const t = useWords();
  const route = useRoute();
  const key = `part_${name}`;
  const first = parts[0];
  if (!first) return null;
  if (parts.length === 1) return <>{first.show()}</>;
  const wanted = route.options[key];
  const isAll = wanted === ALL;
  const chosen = parts.find((part) => part.id === wanted) ?? first;
  const link = (id: string, title: string, isCurrent: boolean): ReactElement => (
    <li key={id}>
      <a
        href={viewHref(route, route.view, { ...route.options, [key]: id })}
        aria-current={isCurrent ? 'true' : undefined}
      >
        {title}
      </a>
    </li>
  );
  return (
    <>
      <nav className="parts" aria-label={`${t('page_contents')}: ${name}`}>
        <ul>
          {parts.map((part) => link(part.id, part.title, !isAll && part === chosen))}
          {link(ALL, t('part_all'), isAll)}
        </ul>
      </nav>
      {(isAll ? parts : [chosen]).map((part) => (
        <div key={part.id} className="part">
          {isAll && <h3 className="part-title">{part.title}</h3>}
          <Boundary name={`${name}-${part.id}`}>{part.show()}</Boundary>
        </div>
      ))}
    </>
  );
}
