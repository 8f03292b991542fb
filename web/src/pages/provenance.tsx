/** What the document was made with, so that it can be made again. */
import type { ReactElement } from 'react';
import { count, fitting } from '../document/format';
import type { DatasetSummary } from '../generated/document';
import { useWords } from '../i18n';
import { useCurrent } from '../state/session';
import { CopyButton } from '../ui/controls';
import { fileName, offer } from '../ui/save';

/** The view of origins. */
export function Provenance(): ReactElement {
  const t = useWords();
  const { document, info } = useCurrent();
  const { provenance, spec, datasets, artifacts } = document;
  const specText = JSON.stringify(spec, null, 2);
  const save = (): void =>
    offer(fileName(info.name, 'json'), new Blob([JSON.stringify(document)], { type: 'application/json' }));
  return (
    <>
      <header className="view-head">
        <h2>{t('provenance')}</h2>
        <p className="question">{t('provenance_hint')}</p>
      </header>
      <dl className="fact-list">
        <div>
          <dt>Equipoise</dt>
          <dd>{provenance.equipoise}</dd>
        </div>
        <div>
          <dt>{t('seed')}</dt>
          <dd>{provenance.seed}</dd>
        </div>
        <div>
          <dt>SHA-256 · {t('spec')}</dt>
          <dd>
            <code className="hash">{provenance.spec_sha256}</code>
          </dd>
        </div>
        <div>
          <dt>{t('version')}</dt>
          <dd>{document.schema_version}</dd>
        </div>
      </dl>
      <button type="button" onClick={save}>
        {t('export_view')}
      </button>
      <Hashes
        title={t('inputs')}
        rows={provenance.inputs.map((i) => [
          i.role,
          i.name,
          i.sha256 ?? '–',
          typeof i.bytes === 'number' ? `${count(i.bytes)} B` : '–',
        ])}
        heads={[t('role'), t('name'), 'SHA-256', t('size')]}
      />
      {artifacts.length > 0 && (
        <Hashes
          title={t('artifacts')}
          rows={artifacts.map((a) => [a.name, a.path, a.sha256, `${count(a.n_rows)} ${t('rows')}`])}
          heads={[t('name'), t('input'), 'SHA-256', t('size')]}
        />
      )}
      {datasets.map((data) => (
        <Columns key={data.part} data={data} />
      ))}
      <section className="fig wide">
        <div className="fig-head">
          <h3>{t('spec')}</h3>
          <CopyButton text={specText} label={t('copy')} />
        </div>
        <pre tabIndex={0} role="region" aria-label={t('spec')}>
          {specText}
        </pre>
      </section>
    </>
  );
}

function Hashes({ title, heads, rows }: { title: string; heads: string[]; rows: string[][] }): ReactElement {
  return (
    <section className="fig wide">
      <h3>{title}</h3>
      <div className="table-room" tabIndex={0} role="region" aria-label={title}>
        <table>
          <thead>
            <tr>
              {heads.map((h) => (
                <th key={h} scope="col">
                  {h}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>
                {row.map((cell, j) => (
                  <td key={j}>{j === 2 ? <code className="hash">{cell}</code> : <bdi>{cell}</bdi>}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const MOST_COLUMNS = 1000;

function Columns({ data }: { data: DatasetSummary }): ReactElement {
  const t = useWords();
  const number = (x: number): string => fitting({ sign: 'plain' }, [[x, null]]).full(x);
  const title = `${data.part === 'train' ? t('train_data') : t('test_data')} · ${count(data.n_rows)} ${t('rows')}`;
  return (
    <details className="all">
      <summary>{title}</summary>
      <div className="table-room long" tabIndex={0} role="region" aria-label={title}>
        <table>
          <thead>
            <tr>
              {[t('column'), t('type'), t('roles'), t('missing_count'), t('levels'), t('range')].map((h) => (
                <th key={h} scope="col">
                  {h}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.columns.slice(0, MOST_COLUMNS).map((c) => (
              <tr key={c.name}>
                <th scope="row">
                  <bdi>{c.name}</bdi>
                </th>
                <td>{c.type}</td>
                <td>{(c.roles ?? []).join(', ')}</td>
                <td className="num">{count(c.n_missing ?? 0)}</td>
                <td className="num">{typeof c.n_levels === 'number' ? count(c.n_levels) : ''}</td>
                <td className="num" dir="ltr">
                  {typeof c.min === 'number' && typeof c.max === 'number'
                    ? `${number(c.min)} – ${number(c.max)}`
                    : ''}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
