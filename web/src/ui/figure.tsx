/** A picture with its title, its sentence, its table, and its files. */
import {
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  type RefObject,
} from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { draw, isDrawn } from '../charts/draw';
import { Trouble, type Drawing, type Mark } from '../charts/parts';
import { csvOf } from '../document/csv';
import { parsePart } from '../document/ids';
import { frameOf, lookAt, type Frame } from '../document/look';
import type { Block, Section } from '../generated/document';
import { useWords } from '../i18n';
import { CohortButton } from '../panels/cohort-button';
import { fileName, offer, pictureOf, standalone } from './save';
import { DataTable } from './table';
import { DOCUMENT_LANGUAGE, Explained, Prose, Says } from './text';

/** The width of an element, followed. */
export function useWidth(room: RefObject<HTMLElement | null>, otherwise: number): number {
  const [width, setWidth] = useState(otherwise);
  useEffect(() => {
    const element = room.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      const wide = Math.floor(entry?.contentRect.width ?? 0);
      if (wide > 0) setWidth(wide);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [room]);
  return width;
}

/** A block of a section. */
export function BlockFigure({
  section,
  block,
  onPick,
}: {
  section: Section;
  block: Block;
  onPick?: (row: number) => void;
}): ReactElement {
  const t = useWords();
  const look = lookAt(section);
  const table = block.table ? look.table(block.table) : undefined;
  const frame = table ? frameOf(look, table) : null;
  const [trouble, setTrouble] = useState<string | null>(null);
  if (block.kind === 'text')
    return (
      <section className="fig text">
        <h3>
          <Prose text={block.title} lang={DOCUMENT_LANGUAGE} />
        </h3>
        <p>
          <Says text={block.says} />
        </p>
      </section>
    );
  if (!frame)
    return (
      <Plain block={block} note={t('cannot_draw', { why: `table ${block.table ?? ''} ?` })} frame={null} />
    );
  if (block.kind === 'table') return <Plain block={block} note={null} frame={frame} />;
  if (!isDrawn(block) || trouble !== null) {
    const why = trouble ?? `\`${(block as { kind: string }).kind}\``;
    return <Plain block={block} note={t('cannot_draw', { why })} frame={frame} />;
  }
  const render = (width: number): Drawing & { wide?: number } => {
    try {
      return draw({ look, frame, width, t }, block);
    } catch (fault) {
      const why = fault instanceof Trouble || fault instanceof Error ? fault.message : String(fault);
      queueMicrotask(() => setTrouble(why));
      return { height: 10, body: null, marks: [] };
    }
  };
  const metric = 'value' in block ? block.value : parsePart(block.id).stem;
  return (
    <Figure
      title={block.title}
      says={block.says}
      frame={frame}
      lang={DOCUMENT_LANGUAGE}
      render={render}
      isWide={isWide(block, frame)}
      metric={metric}
      {...(onPick ? { onPick } : {})}
    />
  );
}

function isWide(block: Block, frame: Frame): boolean {
  if (block.kind === 'tree' || block.kind === 'boxes') return true;
  if (block.kind === 'heat_map') return frame.n > 49;
  return block.kind === 'curve' && /^(feature|column)$/.test(block.series ?? '');
}

function Plain({
  block,
  note,
  frame,
}: {
  block: Block;
  note: string | null;
  frame: Frame | null;
}): ReactElement {
  const few = frame !== null && frame.columns.length <= 4;
  return (
    <section className={few ? 'fig' : 'fig wide'}>
      <div className="fig-head">
        <div>
          <h3>
            <Prose text={block.title} lang={DOCUMENT_LANGUAGE} />
          </h3>
          <p className="says">
            <Says text={block.says} />
          </p>
        </div>
        {frame && (
          <div className="tools">
            <button
              type="button"
              aria-label={`CSV: ${block.title}`}
              onClick={() =>
                offer(fileName(block.title, 'csv'), new Blob([csvOf(frame)], { type: 'text/csv' }))
              }
            >
              CSV
            </button>
          </div>
        )}
      </div>
      {note && (
        <p className="needs-live">
          <Prose text={note} />
        </p>
      )}
      {frame && <PredicateTable frame={frame} title={block.title} />}
    </section>
  );
}

/** A table whose rows are cohorts where it has a column of predicates. */
export function PredicateTable({ frame, title }: { frame: Frame; title: string }): ReactElement {
  const t = useWords();
  const predicate = frame.column('predicate');
  const action = predicate
    ? (row: number): ReactNode => (
        <CohortButton predicate={predicate.cell(row).text} label={frame.columns[0]?.label(row) ?? ''} />
      )
    : undefined;
  return <DataTable frame={frame} title={title} action={action} actionTitle={t('cohort')} />;
}

interface FigureProps {
  title: string;
  says: string;
  frame: Frame;
  render: (width: number) => Drawing & { wide?: number };
  isWide?: boolean;
  metric?: string;
  /** What the page adds to the sentence. */
  hint?: string | undefined;
  /** The language of title and sentence where it is not the page's. */
  lang?: string;
  /** Controls above the picture. */
  controls?: ReactNode;
  onPick?: (row: number) => void;
}

/** Any picture with its sentence, table, keyboard and files. */
export function Figure({
  title,
  says,
  frame,
  render,
  isWide = false,
  metric = '',
  lang,
  hint,
  controls,
  onPick,
}: FigureProps): ReactElement {
  const t = useWords();
  const room = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const width = useWidth(room, 640);
  const [isTable, setIsTable] = useState(false);
  const [mark, setMark] = useState<Mark | null>(null);
  const [choice, setPicked] = useState<{ frame: Frame; row: number } | null>(null);
  // A choice belongs to the rows it was made among.
  const picked = choice?.frame === frame ? choice.row : null;
  const uid = useId();
  // Pointing at a mark changes nothing of the drawing.
  const drawing = useMemo(() => (isTable ? null : render(width)), [render, width, isTable]);
  const wide = drawing?.wide ?? width;
  const predicate = frame.column('predicate');
  const pick = (at: Mark | null): void => {
    if (!at || at.row < 0) return;
    setPicked({ frame, row: at.row });
    onPick?.(at.row);
  };
  const nearest = (event: PointerEvent<SVGSVGElement>): Mark | null => {
    const box = event.currentTarget.getBoundingClientRect();
    return nearestMark(drawing?.marks ?? [], event.clientX - box.left, event.clientY - box.top);
  };
  const onKey = (event: KeyboardEvent): void => {
    const next = drawing ? stepped(drawing.marks, mark, event.key) : null;
    if (next) {
      event.preventDefault();
      setMark(next);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      pick(mark);
    } else if (event.key === 'Escape') setMark(null);
  };
  const chosen = picked !== null && predicate ? predicate.cell(picked).text : null;
  return (
    <figure className={isWide ? 'fig wide' : 'fig'}>
      <figcaption className="fig-head">
        <div>
          <h3 id={`${uid}t`}>
            <Prose text={title} lang={lang} />
          </h3>
          <p className="says" id={`${uid}d`}>
            {lang === undefined ? <Prose text={says} /> : <Says text={says} />}
            {hint && <> {hint}</>}
          </p>
          <Explained metric={metric} />
        </div>
        <div className="tools">
          <button
            type="button"
            aria-pressed={isTable}
            aria-label={`${isTable ? t('show_chart') : t('show_table')}: ${title}`}
            onClick={() => setIsTable(!isTable)}
          >
            {isTable ? t('show_chart') : t('show_table')}
          </button>
          <Downloads title={title} frame={frame} svg={svg} />
        </div>
      </figcaption>
      {controls}
      <div className={drawing?.wide ? 'canvas scrolls' : 'canvas'} ref={room}>
        {drawing ? (
          <svg
            ref={svg}
            className="chart"
            role="img"
            tabIndex={0}
            direction="ltr"
            lang={lang}
            aria-labelledby={`${uid}t`}
            aria-describedby={`${uid}d ${uid}k`}
            viewBox={`0 0 ${wide} ${Math.ceil(drawing.height)}`}
            width={wide}
            height={Math.ceil(drawing.height)}
            onPointerMove={(event) => setMark(nearest(event))}
            onPointerLeave={() => setMark(null)}
            onClick={(event) => pick(nearest(event as unknown as PointerEvent<SVGSVGElement>))}
            onKeyDown={onKey}
            onBlur={() => setMark(null)}
          >
            {drawing.body}
            {mark && <circle className="cursor" cx={mark.x} cy={mark.y} r={8} />}
          </svg>
        ) : (
          <PredicateTable frame={frame} title={title} />
        )}
        {mark && drawing && <Tip mark={mark} width={wide} />}
      </div>
      <span className="hidden" id={`${uid}k`}>
        {t('chart_keys')}
      </span>
      <span className="hidden" aria-live="polite">
        {mark?.text ?? ''}
      </span>
      {chosen && (
        <p className="picked">
          <code>{chosen}</code>{' '}
          <CohortButton predicate={chosen} label={frame.columns[0]?.label(picked ?? 0) ?? ''} />
        </p>
      )}
    </figure>
  );
}

function Tip({ mark, width }: { mark: Mark; width: number }): ReactElement {
  const side = mark.x > width / 2 ? { right: Math.max(0, width - mark.x + 12) } : { left: mark.x + 12 };
  return (
    <div className="tip" style={{ top: Math.max(0, mark.y - 14), ...side }} aria-hidden="true">
      {mark.text}
    </div>
  );
}

function Downloads({
  title,
  frame,
  svg,
}: {
  title: string;
  frame: Frame;
  svg: RefObject<SVGSVGElement | null>;
}): ReactElement {
  const t = useWords();
  const save = (form: string): void => {
    if (form === 'csv') return offer(fileName(title, 'csv'), new Blob([csvOf(frame)], { type: 'text/csv' }));
    const drawn = svg.current;
    if (!drawn) return;
    if (form === 'svg')
      return offer(fileName(title, 'svg'), new Blob([standalone(drawn)], { type: 'image/svg+xml' }));
    void pictureOf(drawn).then((picture) => picture && offer(fileName(title, 'png'), picture));
  };
  return (
    <MenuTrigger>
      <Button aria-label={t('more_actions', { title })}>⤓</Button>
      <Popover className="popover">
        <Menu className="listbox" aria-label={t('download')} onAction={(key) => save(String(key))}>
          <MenuItem id="svg">{t('download_svg')}</MenuItem>
          <MenuItem id="png">{t('download_png')}</MenuItem>
          <MenuItem id="csv">{t('download_csv')}</MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** The mark that is nearest to a place, within reach. */
export function nearestMark(marks: Mark[], x: number, y: number): Mark | null {
  let best: Mark | null = null;
  let least = 60 ** 2;
  for (const mark of marks) {
    const far = (mark.x - x) ** 2 + (mark.y - y) ** 2;
    if (far < least) [best, least] = [mark, far];
  }
  return best;
}

/** The mark that an arrow key leads to. */
export function stepped(marks: Mark[], from: Mark | null, key: string): Mark | null {
  const at = from ? marks.findIndex((m) => m.row === from.row && m.text === from.text) : -1;
  if (key === 'ArrowRight' || key === 'ArrowDown') return marks[Math.min(marks.length - 1, at + 1)] ?? null;
  if (key === 'ArrowLeft' || key === 'ArrowUp') return marks[Math.max(0, at - 1)] ?? null;
  if (key === 'Home') return marks[0] ?? null;
  return key === 'End' ? (marks.at(-1) ?? null) : null;
}
