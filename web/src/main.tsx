import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, useMemo, type ReactElement } from 'react';
import { I18nProvider } from 'react-aria-components';
import { createRoot } from 'react-dom/client';
import { Client, Unreachable } from './api/client';
import { readEmbedding } from './api/embedded';
import { ownPlace, unlocked } from './api/token';
import { Words, translator } from './i18n';
import { Shell } from './pages/shell';
import { SessionContext, type Session } from './state/session';
import { applySettings, useSettings } from './state/settings';
import './styles/index.css';

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? '';
const embedding = readEmbedding(textOf('equipoise-config'), textOf('equipoise-documents'));
const session: Session =
  embedding.mode === 'live'
    ? { client: new Client(unlocked(embedding.config, ownPlace())), embedded: [] }
    : { client: null, embedded: embedding.documents };
const problems = embedding.mode === 'static' ? embedding.problems : [];

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: 'always',
      refetchOnWindowFocus: false,
      retry: (failures, error) => error instanceof Unreachable && failures < 2,
    },
    mutations: { networkMode: 'always' },
  },
});

function App(): ReactElement {
  const { language } = useSettings();
  const t = useMemo(() => translator(language), [language]);
  return (
    <I18nProvider locale={language}>
      <Words.Provider value={t}>
        <SessionContext.Provider value={session}>
          <Shell problems={problems} />
        </SessionContext.Provider>
      </Words.Provider>
    </I18nProvider>
  );
}

applySettings();
const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
