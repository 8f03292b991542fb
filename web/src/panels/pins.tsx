/** Changed rows that are kept with the assessment, so that everybody who opens it finds them again. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { NewPin, Pin, Prediction, Value } from '../api/types';
import { fitting } from '../document/format';
import { useWords } from '../i18n';
import { go, useRoute } from '../state/route';
import { useCurrent, useSession } from '../state/session';
import { Problem } from '../ui/controls';

const at = (id: string, rest = ''): string => `assessments/${encodeURIComponent(id)}/pins${rest}`;

interface Pins {
  pins: Pin[];
  isLoaded: boolean;
  error: unknown;
  add: (pin: NewPin) => void;
  remove: (pin: number) => void;
}

/** The pins of the assessment that is looked at. */
export function usePins(): Pins {
  const { client } = useSession();
  const { info, isLive } = useCurrent();
  const queries = useQueryClient();
  const onSuccess = (): Promise<void> => queries.invalidateQueries({ queryKey: ['pins', info.id] });
  const gone = (): Promise<never> => Promise.reject(new Error('there is no server'));
  const found = useQuery({
    queryKey: ['pins', info.id],
    enabled: client !== null && isLive,
    retry: false,
    queryFn: () => (client ? client.ask<Pin[]>(at(info.id)) : []),
  });
  const added = useMutation({
    mutationFn: (body: NewPin) => (client ? client.ask<Pin>(at(info.id), { method: 'POST', body }) : gone()),
    onSuccess,
  });
  const removed = useMutation({
    mutationFn: (pin: number) =>
      client ? client.ask<void>(at(info.id, `/${pin}`), { method: 'DELETE' }) : gone(),
    onSuccess,
  });
  return {
    pins: found.data ?? [],
    isLoaded: found.data !== undefined,
    error: found.error ?? added.error ?? removed.error,
    add: added.mutate,
    remove: removed.mutate,
  };
}

/** What a prediction is in a few words: the class with its probability, or the number. */
export function inWords(prediction: Prediction | undefined, classes: string[]): string | null {
  if (!prediction) return null;
  const percent = (p: number): string => fitting({ sign: 'percent' }, [[p, null]]).full(p);
  if (prediction.value !== null && prediction.value !== undefined)
    return fitting({ sign: 'plain' }, [[prediction.value, null]]).full(prediction.value);
  const place = classes.indexOf(prediction.predicted ?? '');
  const p = prediction.probability?.[place];
  return p === undefined ? (prediction.predicted ?? null) : `${prediction.predicted ?? ''} (${percent(p)})`;
}

/** The list of pins; a pin leads to its row with its values in place. */
export function PinList({
  row,
  onUse,
}: {
  row: number;
  onUse: (set: Record<string, Value>) => void;
}): ReactElement | null {
  const t = useWords();
  const route = useRoute();
  const { pins, error, remove } = usePins();
  if (pins.length === 0) return <Problem error={error} />;
  const use = (pin: Pin): void => {
    if (pin.row === row) onUse(pin.set);
    else go({ options: { ...route.options, row: String(pin.row), pin: String(pin.pin) } });
  };
  return (
    <section className="pins" aria-labelledby="pins-title">
      <h4 id="pins-title">{t('pinned')}</h4>
      <p className="soft">{t('pinned_hint')}</p>
      <Problem error={error} />
      <ul>
        {pins.map((pin) => (
          <li key={pin.pin}>
            <span>
              {t('select_row', { n: pin.row })}: <code dir="ltr">{changesOf(pin.set)}</code>
              {pin.says && (
                <>
                  {' '}
                  → <bdi>{pin.says}</bdi>
                </>
              )}
            </span>
            <button type="button" aria-label={`${t('use')}: ${changesOf(pin.set)}`} onClick={() => use(pin)}>
              {t('use')}
            </button>
            <button
              type="button"
              aria-label={`${t('unpin')}: ${changesOf(pin.set)}`}
              onClick={() => remove(pin.pin)}
            >
              {t('unpin')}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const changesOf = (set: Record<string, unknown>): string =>
  Object.entries(set)
    .map(([name, value]) => `${name} = ${value === null ? '–' : String(value)}`)
    .join(', ');
