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
  average_effect: {
    en: 'By how much the outcome would change on average if everybody got the treatment.',
    de: 'Um wie viel sich das Ergebnis im Mittel ändern würde, wenn alle die Behandlung bekämen.',
    ar: 'كم ستتغير النتيجة في المتوسط لو نال الجميع المعالجة.',
  },
  effect_on_treated: {
    en: 'The same, for those who did get it.',
    de: 'Dasselbe für diejenigen, die sie bekommen haben.',
    ar: 'الأمر نفسه لمن نالها فعلًا.',
  },
  effect_on_overlap: {
    en: 'The same, where either could well have happened.',
    de: 'Dasselbe dort, wo beides gut möglich war.',
    ar: 'الأمر نفسه حيث كان كلا الأمرين ممكنًا.',
  },
  mean_outcome: {
    en: 'The average outcome if everybody were treated alike.',
    de: 'Das mittlere Ergebnis, wenn alle gleich behandelt würden.',
    ar: 'متوسط النتيجة لو عومل الجميع بالمثل.',
  },
  robustness_value: {
    en: 'How strong a cause that nobody recorded would have to be to explain the effect away. More is safer.',
    de: 'Wie stark eine nicht erfasste Ursache sein müsste, um die Wirkung wegzuerklären. Mehr ist sicherer.',
    ar: 'كم يجب أن يكون سبب غير مسجل قويًا ليفسر التأثير كله. الأكثر أكثر أمانًا.',
  },
  robustness_value_of_interval: {
    en: 'The same, for the nearer end of the interval to reach 0.',
    de: 'Dasselbe, bis das nähere Ende des Intervalls 0 erreicht.',
    ar: 'الأمر نفسه حتى يبلغ طرف الفترة الأقرب الصفر.',
  },
  e_value: {
    en: 'By how many times a forgotten cause would have to raise both. 1 means: hardly anything is needed.',
    de: 'Um das Wievielfache eine vergessene Ursache beide erhöhen müsste. 1 heißt: fast nichts genügt.',
    ar: 'كم ضعفًا يجب أن يرفع سبب منسي كليهما. 1 يعني أن القليل يكفي.',
  },
  policy_gain_over_all: {
    en: 'What the rule is worth per row, compared with doing the same for everybody.',
    de: 'Was die Regel je Zeile bringt, verglichen mit demselben für alle.',
    ar: 'ما تكسبه القاعدة لكل صف مقارنة بفعل الشيء نفسه للجميع.',
  },
  permutation_importance: {
    en: 'How much worse the model gets when this feature is shuffled.',
    de: 'Wie viel schlechter das Modell wird, wenn dieses Merkmal durchgemischt wird.',
    ar: 'كم يسوء النموذج إذا خُلطت هذه السمة.',
  },
  mean_attribution: {
    en: 'Whether this feature moves predictions up or down on the whole.',
    de: 'Ob dieses Merkmal Vorhersagen im Ganzen nach oben oder unten bewegt.',
    ar: 'هل ترفع هذه السمة التنبؤات أم تخفضها إجمالًا.',
  },
  mean_cost: {
    en: 'How large a change it takes on average to get the other prediction.',
    de: 'Wie groß die Änderung im Mittel sein muss, um die andere Vorhersage zu bekommen.',
    ar: 'كم يجب أن يكون التغيير في المتوسط لنيل التنبؤ الآخر.',
  },
  no_recourse: {
    en: 'How many of 100 people have no permitted change that would help.',
    de: 'Wie vielen von 100 Menschen keine erlaubte Änderung hilft.',
    ar: 'كم من كل 100 شخص لا ينفعه أي تغيير مسموح.',
  },
  missing_share: {
    en: 'How many of 100 rows have no value here.',
    de: 'Wie viele von 100 Zeilen hier keinen Wert haben.',
    ar: 'كم من كل 100 صف لا قيمة له هنا.',
  },
  stability_index: {
    en: 'How far the data have moved since training: below 0.1 hardly, above 0.25 much.',
    de: 'Wie weit sich die Daten seit dem Training bewegt haben: unter 0,1 kaum, über 0,25 stark.',
    ar: 'كم تحركت البيانات منذ التدريب: دون 0.1 قليلًا وفوق 0.25 كثيرًا.',
  },
  statistical_parity: {
    en: 'How far groups differ in how often the positive outcome occurs.',
    de: 'Wie weit sich Gruppen darin unterscheiden, wie oft das positive Ergebnis vorkommt.',
    ar: 'كم تختلف المجموعات في تكرار النتيجة الموجبة.',
  },
  equal_opportunity: {
    en: 'Whether the model finds those who are truly positive equally often in all groups.',
    de: 'Ob das Modell wirklich Positive in allen Gruppen gleich oft findet.',
    ar: 'هل يجد النموذج الموجبين فعلًا بالتساوي في كل المجموعات.',
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
