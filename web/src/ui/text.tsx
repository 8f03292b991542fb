/** Sentences from a document: names in backticks are code, and their direction is their own. */
import { Fragment, type ReactElement } from 'react';
import { explain, plainly } from '../i18n/glossary';
import { useSettings } from '../state/settings';

/** A sentence with names in backticks. */
export function Prose({ text }: { text: string }): ReactElement {
  const parts = text.split('`');
  if (parts.length % 2 === 0) return <bdi>{text}</bdi>;
  return (
    <bdi>
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
  return <Prose text={plain ? plainly(text) : text} />;
}

/** The explanation of a metric, in plain-language mode only. */
export function Explained({ metric }: { metric: string }): ReactElement | null {
  const { plain, language } = useSettings();
  const text = plain ? explain(metric, language) : null;
  return text ? <p className="explained">{text}</p> : null;
}
