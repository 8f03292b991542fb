/** What would be left of an effect beside a forgotten cause: the grid with the line where nothing is left. */
import type { ReactElement } from 'react';
import { drawGrid } from '../charts/grid';
import { frameOf, lookAt, type Column, type Frame } from '../document/look';
import type { Block, Section } from '../generated/document';
import { useWords } from '../i18n';
import { setOption, useRoute } from '../state/route';
import { Picker } from '../ui/controls';
import { Figure } from '../ui/figure';
import { DOCUMENT_LANGUAGE } from '../ui/text';

type HeatMap = Extract<Block, { kind: 'heat_map' }>;

/** The grid, and what it says at the strength that somebody thinks possible. */
export function Contour({ section, block }: { section: Section; block: HeatMap }): ReactElement | null {
  const t = useWords();
  const look = lookAt(section);
  const table = look.table(block.table ?? '');
  if (!table) return null;
  const frame = frameOf(look, table);
  return (
    <Figure
      title={block.title}
      lang={DOCUMENT_LANGUAGE}
      says={block.says}
      hint={t(holdsZero(frame, block) ? 'contour_held' : 'contour_hint')}
      frame={frame}
      isWide
      controls={<AtStrength frame={frame} block={block} />}
      render={(width) =>
        drawGrid(
          { look, frame, width, t },
          {
            across: block.x,
            down: block.y,
            value: block.value,
            axis: block.axis,
            edges: [
              { column: block.value, className: 'edge' },
              { column: 'limit', className: 'edge of-interval' },
            ],
          },
        )
      }
    />
  );
}

/** True when the interval holds 0 as it is, so that no forgotten cause is needed. */
function holdsZero(frame: Frame, block: HeatMap): boolean {
  const [bound, limit] = [
    frame.column(block.value)?.value(0) ?? null,
    frame.column('limit')?.value(0) ?? null,
  ];
  return bound !== null && limit !== null && bound < 0 !== limit < 0;
}

const namesIn = (column: Column | null): string[] =>
  column ? [...new Set(Array.from({ length: column.n }, (_, row) => column.label(row)))] : [];

/** One cell of the grid in words. */
function AtStrength({ frame, block }: { frame: Frame; block: HeatMap }): ReactElement | null {
  const t = useWords();
  const route = useRoute();
  const [across, down] = [frame.column(block.x), frame.column(block.y)];
  const [bound, limit] = [frame.column(block.value), frame.column('limit')];
  const [treatments, outcomes] = [namesIn(across), namesIn(down)];
  if (!across || !down || !bound || treatments.length === 0 || outcomes.length === 0) return null;
  const middle = (names: string[]): string => names[Math.min(3, names.length - 1)] ?? '';
  const known = (names: string[], wanted: string | undefined): string =>
    wanted !== undefined && names.includes(wanted) ? wanted : middle(names);
  const treatment = known(treatments, route.options.of_treatment);
  const outcome = known(outcomes, route.options.of_outcome);
  const row = Array.from({ length: frame.n }, (_, i) => i).find(
    (i) => across.label(i) === treatment && down.label(i) === outcome,
  );
  const options = (names: string[]): { id: string; name: string }[] =>
    names.map((name) => ({ id: name, name }));
  return (
    <>
      <div className="controls">
        <Picker
          label={t('explains_treatment')}
          value={treatment}
          options={options(treatments)}
          onChange={(x) => setOption('of_treatment', x)}
        />
        <Picker
          label={t('explains_outcome')}
          value={outcome}
          options={options(outcomes)}
          onChange={(x) => setOption('of_outcome', x)}
        />
      </div>
      {row !== undefined && (
        <p aria-live="polite">
          {t('left_at_worst')} <strong dir="ltr">{bound.label(row)}</strong>
          {limit && (
            <>
              {'; '}
              {t('end_of_interval')} <strong dir="ltr">{limit.label(row)}</strong>
            </>
          )}
        </p>
      )}
    </>
  );
}
