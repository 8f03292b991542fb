/** Small controls that many views use. */
import { useId, useState, type ReactElement, type ReactNode } from 'react';
import { Button, ComboBox, Input, ListBox, ListBoxItem, Popover } from 'react-aria-components';
import { Unreachable, messageOf } from '../api/client';
import type { Progress } from '../api/types';
import { useWords } from '../i18n';
import { Prose } from './text';

interface PickerProps {
  label: string;
  value: string;
  options: { id: string; name: string }[];
  onChange: (id: string) => void;
}

/** A choice among few by a list, among many by typing. */
export function Picker({ label, value, options, onChange }: PickerProps): ReactElement {
  const id = useId();
  if (options.length > 24)
    return <LongPicker label={label} value={value} options={options} onChange={onChange} />;
  return (
    <span className="picker">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(e) => onChange(e.target.value)}>
        {options.map((o) => (
          <option key={o.id} value={o.id}>
            {o.name}
          </option>
        ))}
      </select>
    </span>
  );
}

const MOST_OFFERED = 200;

function LongPicker({ label, value, options, onChange }: PickerProps): ReactElement {
  const chosen = options.find((o) => o.id === value)?.name ?? '';
  const [text, setText] = useState<string | null>(null);
  const wanted = (text ?? '').toLowerCase();
  const offered = options
    .filter((o) => text === null || o.name.toLowerCase().includes(wanted))
    .slice(0, MOST_OFFERED);
  return (
    <ComboBox
      className="picker"
      aria-label={label}
      menuTrigger="focus"
      items={offered}
      inputValue={text ?? chosen}
      selectedKey={value}
      onInputChange={setText}
      onSelectionChange={(key) => {
        setText(null);
        if (key !== null) onChange(String(key));
      }}
      onBlur={() => setText(null)}
    >
      <span className="picker-label">{label}</span>
      <Input />
      <Button aria-label={label}>▾</Button>
      <Popover className="popover">
        <ListBox<{ id: string; name: string }> className="listbox">
          {(item) => <ListBoxItem id={item.id}>{item.name}</ListBoxItem>}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

/** What went wrong, with the hint of the server. */
export function Problem({ error, children }: { error: unknown; children?: ReactNode }): ReactElement | null {
  const t = useWords();
  // A banner says that the server is gone, once for the whole page.
  if (!error || error instanceof Unreachable) return null;
  const { message, hint } = messageOf(error);
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{t('failed')}:</strong> <Prose text={message} />
      </p>
      {hint && (
        <p className="soft">
          <Prose text={hint} />
        </p>
      )}
      {children}
    </div>
  );
}

/** Work that goes on, with its progress and a way to end it. */
export function Working({
  progress,
  onCancel,
}: {
  progress: Progress | null;
  onCancel?: () => void;
}): ReactElement {
  const t = useWords();
  const share = progress?.of ? progress.done / progress.of : null;
  return (
    <div className="working" role="status">
      <progress aria-label={t('running')} {...(share === null ? {} : { value: share, max: 1 })} />
      <span>{progress?.what ?? t('running')}</span>
      {onCancel && (
        <button type="button" onClick={onCancel}>
          {t('cancel')}
        </button>
      )}
    </div>
  );
}

/** Says that something needs the server. */
export function NeedsLive({ what = '' }: { what?: string }): ReactElement {
  const t = useWords();
  return (
    <p className="needs-live">
      {what && `${what}: `}
      <Prose text={t('needs_live')} />
    </p>
  );
}

/** A button that copies a text and says so. */
export function CopyButton({
  text,
  label,
  hint,
}: {
  text: string | (() => string);
  label: string;
  hint?: string | undefined;
}): ReactElement {
  const t = useWords();
  const [done, setDone] = useState(false);
  const copy = (): void => {
    void copyText(typeof text === 'string' ? text : text()).then((isDone) => {
      setDone(isDone);
      setTimeout(() => setDone(false), 2000);
    });
  };
  return (
    <button type="button" title={hint} onClick={copy}>
      <span aria-live="polite">{done ? t('copied') : label}</span>
    </button>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const isDone = document.execCommand('copy');
    area.remove();
    return isDone;
  }
}
