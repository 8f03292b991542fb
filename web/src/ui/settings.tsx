/** Appearance, language, plain words. */
import type { ReactElement } from 'react';
import { Button, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import { LANGUAGES, isLanguage, useWords } from '../i18n';
import { changeSettings, useSettings, type Theme } from '../state/settings';

const THEMES: Theme[] = ['auto', 'light', 'dark', 'contrast'];

/** The button and its panel. */
export function SettingsPanel(): ReactElement {
  const t = useWords();
  const { theme, language, plain } = useSettings();
  return (
    <DialogTrigger>
      <Button>{t('settings')}</Button>
      <Popover className="popover">
        <Dialog className="settings" aria-label={t('settings')}>
          <label className="stacked">
            {t('theme')}
            <select value={theme} onChange={(e) => changeSettings({ theme: e.target.value as Theme })}>
              {THEMES.map((x) => (
                <option key={x} value={x}>
                  {t(`theme_${x}`)}
                </option>
              ))}
            </select>
          </label>
          <label className="stacked">
            {t('language')}
            <select
              value={language}
              onChange={(e) => {
                if (isLanguage(e.target.value)) changeSettings({ language: e.target.value });
              }}
            >
              {Object.entries(LANGUAGES).map(([tag, { name }]) => (
                <option key={tag} value={tag} lang={tag}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label className="check">
            <input
              type="checkbox"
              checked={plain}
              onChange={(e) => changeSettings({ plain: e.target.checked })}
            />{' '}
            {t('plain')}
          </label>
          <p className="soft">{t('plain_hint')}</p>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
