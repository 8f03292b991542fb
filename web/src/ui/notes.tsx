/** Findings, cautions and failures, worst first. */
import { useState, type ReactElement, type ReactNode } from 'react';
import type { Note } from '../generated/document';
import { inReadingOrder } from '../document/words';
import { useWords, type Key } from '../i18n';
import { Says } from './text';

/** A note that knows where it was made. */
export interface PlacedNote extends Note {
  where?: ReactNode;
}

const SIGNS: Record<Note['level'], string> = {
  concern: '!',
  failure: '×',
  caution: '△',
  finding: '✓',
  info: 'i',
};
const levelKey = (level: Note['level']): Key => (level in SIGNS ? (`level_${level}` as Key) : 'level_info');

/** A list of notes; the first ones are shown. */
export function Notes({ notes, most = 6 }: { notes: PlacedNote[]; most?: number }): ReactElement {
  const t = useWords();
  const [isAll, setAll] = useState(false);
  const ordered = inReadingOrder(notes);
  const shown = isAll ? ordered : ordered.slice(0, most);
  if (ordered.length === 0) return <p className="soft">{t('no_findings')}</p>;
  return (
    <>
      <ul className="notes">
        {shown.map((note, i) => (
          <li key={`${note.code}${i}`} className={`note ${note.level}`}>
            <span className="level">
              <span className="sign" aria-hidden="true">
                {SIGNS[note.level] ?? 'i'}
              </span>
              {t(levelKey(note.level))}
            </span>
            <span className="note-text">
              <Folded text={note.text} />
              {note.where}
            </span>
          </li>
        ))}
      </ul>
      {ordered.length > most && (
        <button type="button" className="more" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
          {isAll ? t('fewer_notes') : t('more_notes', { n: ordered.length - most })}
        </button>
      )}
    </>
  );
}

/** From so many letters on, a note is folded. */
const LONG = 420;
const SHOWN = 300;

/** A text whose end is shown when it is asked for. */
function Folded({ text }: { text: string }): ReactElement {
  const t = useWords();
  const [isOpen, setOpen] = useState(false);
  if (text.length <= LONG) return <Says text={text} />;
  const end = text.lastIndexOf('. ', SHOWN);
  const cut = end > SHOWN / 3 ? end + 1 : text.lastIndexOf(' ', SHOWN);
  // A name in backticks is not cut in two.
  const head =
    text.slice(0, cut).split('`').length % 2 === 1 ? text.slice(0, cut) : `${text.slice(0, cut)}\``;
  return (
    <>
      <Says text={isOpen ? text : `${head} …`} />{' '}
      <button type="button" className="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? t('read_less') : t('read_more')}
      </button>
    </>
  );
}
