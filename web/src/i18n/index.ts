/** The page's words in the chosen language. */
import { createContext, useContext } from 'react';
import { ar } from './ar';
import { de } from './de';
import { en } from './en';

export type Key = keyof typeof en;

/** True for the name of a word of the page. */
export const isKey = (name: string): name is Key => Object.hasOwn(en, name);

/** A language: every word, so that a missing one does not compile. */
export type Catalogue = Record<Key, string>;

/** The languages of the page. */
export const LANGUAGES = {
  en: { name: 'English', dir: 'ltr', words: en },
  de: { name: 'Deutsch', dir: 'ltr', words: de },
  ar: { name: 'العربية', dir: 'rtl', words: ar },
} as const satisfies Record<string, { name: string; dir: 'ltr' | 'rtl'; words: Catalogue }>;

export type Language = keyof typeof LANGUAGES;

export const isLanguage = (tag: string): tag is Language => tag in LANGUAGES;

/** Puts values into the `{holes}` of a sentence. */
export function filled(sentence: string, values: Record<string, string | number> = {}): string {
  return sentence.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
}

export type Translate = (key: Key, values?: Record<string, string | number>) => string;

/** The translation of a language. */
export function translator(language: Language): Translate {
  const words: Catalogue = LANGUAGES[language].words;
  return (key, values) => filled(words[key], values);
}

export const Words = createContext<Translate>(translator('en'));

/** The words around a component. */
export const useWords = (): Translate => useContext(Words);
