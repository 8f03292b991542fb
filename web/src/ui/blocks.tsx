/** Figures beside each other; those that come once for each column are chosen by the column. */
import { useMemo, type ReactElement } from 'react';
import { parsePart } from '../document/ids';
import type { Block, Section } from '../generated/document';
import { useWords } from '../i18n';
import { setOption, useRoute } from '../state/route';
import { Boundary } from './boundary';
import { Picker } from './controls';
import { BlockFigure } from './figure';

/** Figures of a section. Where most are of one column each, choosing a column comes first in a plain section. */
export function BlockSet({
  section,
  blocks,
  isPlain = true,
}: {
  section: Section;
  blocks: Block[];
  isPlain?: boolean;
}): ReactElement {
  const { single, families } = useMemo(() => sorted(blocks), [blocks]);
  const isByColumn = isPlain && families.size > 0 && blocks.length > 2 * single.length;
  const byColumn = families.size > 0 && <Families section={section} families={families} />;
  return (
    <>
      {isByColumn && byColumn}
      {single.length > 0 && <Figures section={section} blocks={single} />}
      {!isByColumn && byColumn}
    </>
  );
}

/** Figures, each of which may fail alone. */
export function Figures({ section, blocks }: { section: Section; blocks: Block[] }): ReactElement {
  return (
    <div className="figures">
      {blocks.map((block) => (
        <Boundary key={block.id} name={block.id}>
          <BlockFigure section={section} block={block} />
        </Boundary>
      ))}
    </div>
  );
}

/** Blocks that stand alone, and those that come once for each column or grouping. */
function sorted(blocks: Block[]): { single: Block[]; families: Map<string, Block[]> } {
  const single: Block[] = [];
  const families = new Map<string, Block[]>();
  for (const block of blocks) {
    const { by, cohort } = parsePart(block.id);
    const name = by === null ? null : cohort === null ? by : `${by} {${cohort}}`;
    if (name === null) single.push(block);
    else families.set(name, [...(families.get(name) ?? []), block]);
  }
  if (families.size === 1) {
    single.push(...[...families.values()].flat());
    families.clear();
  }
  return { single, families };
}

function Families({ section, families }: { section: Section; families: Map<string, Block[]> }): ReactElement {
  const t = useWords();
  const route = useRoute();
  const names = [...families.keys()];
  // Columns and pairs of columns may be families of one section; each has a choice of its own.
  const isPairs = names.every((name) => name.includes(','));
  const key = `by_${section.id}${isPairs ? '_pair' : ''}`;
  const wanted = route.options[key] ?? '';
  const chosen = families.has(wanted) ? wanted : (names[0] ?? '');
  const title = isPairs ? t('by_pair') : t('by_column');
  return (
    <section className="families" aria-label={title}>
      <div className="controls">
        <h3>{title}</h3>
        <Picker
          label={isPairs ? t('columns') : t('column')}
          value={chosen}
          options={names.map((name) => ({ id: name, name: name.replace(/,/g, ' × ') }))}
          onChange={(name) => setOption(key, name)}
        />
      </div>
      <Figures section={section} blocks={families.get(chosen) ?? []} />
    </section>
  );
}
