/** What terms mean, in plain words, for the plain-language mode. */
import type { Language } from './index';

type Entry = Record<Language, string>;

const TERMS: Record<string, Entry> = {
  accuracy: {
    en: 'How many of 100 predictions are right.',
    de: 'Wie viele von 100 Vorhersagen richtig sind.',
    ar: 'كم من كل 100 تنبؤ صحيح.',
  },
  error_rate: {
    en: 'How many of 100 predictions are wrong.',
    de: 'Wie viele von 100 Vorhersagen falsch sind.',
    ar: 'كم من كل 100 تنبؤ خاطئ.',
  },
  balanced_accuracy: {
    en: 'How often the model is right, each class counted alike.',
    de: 'Wie oft das Modell recht hat, jede Klasse gleich gezählt.',
    ar: 'كم مرة يصيب النموذج مع احتساب كل صنف بالتساوي.',
  },
  selection_rate: {
    en: 'How many of 100 people get the positive decision.',
    de: 'Wie viele von 100 Menschen die positive Entscheidung bekommen.',
    ar: 'كم من كل 100 شخص ينال القرار الموجب.',
  },
  base_rate: {
    en: 'How many of 100 people are truly positive.',
    de: 'Wie viele von 100 Menschen wirklich positiv sind.',
    ar: 'كم من كل 100 شخص موجب فعلًا.',
  },
  true_positive_rate: {
    en: 'Of those who are truly positive, how many the model finds.',
    de: 'Von denen, die wirklich positiv sind: wie viele das Modell findet.',
    ar: 'من بين الموجبين فعلًا، كم يجد النموذج.',
  },
  false_positive_rate: {
    en: 'Of those who are truly negative, how many are called positive.',
    de: 'Von denen, die wirklich negativ sind: wie viele positiv genannt werden.',
    ar: 'من بين السالبين فعلًا، كم يُعد موجبًا.',
  },
  false_negative_rate: {
    en: 'Of those who are truly positive, how many the model misses.',
    de: 'Von denen, die wirklich positiv sind: wie viele das Modell übersieht.',
    ar: 'من بين الموجبين فعلًا، كم يفوت النموذج.',
  },
  precision: {
    en: 'Of those called positive, how many truly are.',
    de: 'Von denen, die positiv genannt werden: wie viele es wirklich sind.',
    ar: 'من بين من عُدّوا موجبين، كم هو كذلك فعلًا.',
  },
  recall: {
    en: 'Of those who are truly positive, how many the model finds.',
    de: 'Von denen, die wirklich positiv sind: wie viele das Modell findet.',
    ar: 'من بين الموجبين فعلًا، كم يجد النموذج.',
  },
  f1: {
    en: 'One number for finding the positives and being right about them.',
    de: 'Eine Zahl dafür, Positive zu finden und dabei recht zu haben.',
    ar: 'رقم واحد يجمع إيجاد الموجبين وصحة الحكم عليهم.',
  },
  roc_auc: {
    en: 'How well the model ranks: 1 is perfect, 0.5 is tossing a coin.',
    de: 'Wie gut das Modell ordnet: 1 ist vollkommen, 0,5 ist Münzwurf.',
    ar: 'جودة ترتيب النموذج: 1 تام و0.5 كرمي عملة.',
  },
  brier_score: {
    en: 'How far probabilities lie from what happened; 0 is best.',
    de: 'Wie weit Wahrscheinlichkeiten vom Geschehenen entfernt sind; 0 ist am besten.',
    ar: 'بُعد الاحتمالات عما حدث؛ الأفضل 0.',
  },
  log_loss: {
    en: 'A penalty for being sure and wrong; 0 is best.',
    de: 'Eine Strafe dafür, sicher und falsch zu sein; 0 ist am besten.',
    ar: 'عقوبة على الثقة مع الخطأ؛ الأفضل 0.',
  },
  expected_calibration_error: {
    en: 'How far “70 % sure” is from being right 70 % of the time.',
    de: 'Wie weit „70 % sicher“ davon entfernt ist, in 70 % der Fälle zu stimmen.',
    ar: 'بُعد «واثق 70٪» عن الصواب في 70٪ من الحالات.',
  },
  demographic_parity: {
    en: 'Whether all groups get the positive decision equally often.',
    de: 'Ob alle Gruppen die positive Entscheidung gleich oft bekommen.',
    ar: 'هل تنال كل المجموعات القرار الموجب بالتساوي.',
  },
  equalized_odds: {
    en: 'Whether the model errs equally often for all groups.',
    de: 'Ob das Modell sich bei allen Gruppen gleich oft irrt.',
    ar: 'هل يخطئ النموذج بالتساوي مع كل المجموعات.',
  },
  mean_abs_attribution: {
    en: 'How far this feature moves predictions on average.',
    de: 'Wie weit dieses Merkmal Vorhersagen im Mittel bewegt.',
    ar: 'كم تحرّك هذه السمة التنبؤات في المتوسط.',
  },
  r2: {
    en: 'How much of the ups and downs the model explains; 1 is all.',
    de: 'Wie viel vom Auf und Ab das Modell erklärt; 1 ist alles.',
    ar: 'كم يشرح النموذج من التغيرات؛ 1 يعني كلها.',
  },
  mean_absolute_error: {
    en: 'How far predictions are off on average.',
    de: 'Wie weit Vorhersagen im Mittel danebenliegen.',
    ar: 'متوسط بُعد التنبؤات عن الصواب.',
  },
};

const SAME: Record<string, string> = { zero_one_loss: 'error_rate', expected_cost: '' };

/** The explanation of a metric, or null. */
export function explain(metric: string, language: Language): string | null {
  return TERMS[SAME[metric] ?? metric]?.[language] ?? null;
}

/** Sentences without what stands in parentheses; what semicolons part becomes sentences of their own. */
export function plainly(text: string): string {
  const short = text.replace(/\s*[([][^()[\]]*[)\]]/g, '');
  return short.replace(/;\s+(\S)/g, (_, first: string) => `. ${first.toUpperCase()}`);
}
