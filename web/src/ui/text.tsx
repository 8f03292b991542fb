/** Sentences from a document: names in backticks are code, and their direction is their own. */
import { Fragment, type ReactElement } from 'react';
import { isKey, useWords } from '../i18n';
import { explain, plainly } from '../i18n/glossary';
import { useSettings } from '../state/settings';

/** The language that documents are written in, for who hears the page. */
export const DOCUMENT_LANGUAGE = 'en';

/** A sentence with names in backticks; with its language where that is not the page's. */
export function Prose({ text, lang }: { text: string; lang?: string | undefined }): ReactElement {
  const parts = text.split('`');
  if (parts.length % 2 === 0) return <bdi lang={lang}>{text}</bdi>;
  return (
    <bdi lang={lang}>
      {parts.map((part, i) =>
        i % 2 === 1 ? (
          <code key={i}>
            <bdi>{part}</bdi>
          </code>
        ) : (
          <Fragment key={i}>{part}</Fragment>
        ),
      )}
    </bdi>
  );
}

/** A sentence of the document, shortened in plain-language mode. */
export function Says({ text }: { text: string }): ReactElement {
  const { plain } = useSettings();
  return <Prose text={plain ? plainly(text) : text} lang={DOCUMENT_LANGUAGE} />;
}

/** What a view is for, in plain-language mode only. */
export function ViewInWords({ view }: { view: string }): ReactElement | null {
  const t = useWords();
  const { plain } = useSettings();
  const key = `plain_${view}`;
  if (!plain || !isKey(key)) return null;
  return <p className="explained">{t(key)}</p>;
}

/** The explanation of a metric, in plain-language mode only. */
export function Explained({ metric }: { metric: string }): ReactElement | null {
  const { plain, language } = useSettings();
  const text = plain ? explain(metric, language) : null;
  return text ? <p className="explained">{text}</p> : null;
}
