// Made from schema/api.json by `npm run codegen`; do not edit.

/**
 * Where a cohort comes from.
 */
export type Source = 'document' | 'saved';
/**
 * What a column is for.
 */
export type ColumnRole =
  'target' | 'prediction' | 'probability' | 'weight' | 'sensitive' | 'control' | 'feature' | 'id' | 'dropped';
/**
 * Stable id of a number: `section.metric[.aggregate][columns]{cohort}`.
 */
export type EstimateId = string;
/**
 * Why a number does not exist. Codes are a contract.
 */
export type Missing =
  | 'empty'
  | 'no_positives'
  | 'no_negatives'
  | 'no_selected'
  | 'no_unselected'
  | 'one_class'
  | 'below_min_size'
  | 'no_variation'
  | 'zero_denominator'
  | 'no_probability'
  | 'fewer_than_two_groups'
  | 'not_finite'
  | 'zero_weight';
/**
 * One column of a table.
 */
export type TableColumn = {
  /**
   * Id within the table.
   */
  id: string;
  /**
   * Heading for people.
   */
  title: string;
  /**
   * Unit of its numbers.
   */
  unit?:
    | 'plain'
    | 'share'
    | 'rows'
    | 'nats'
    | 'target'
    | 'target_squared'
    | {
        named: string;
      };
} & TableColumn1;
export type TableColumn1 =
  | {
      type: 'text';
      values: (string | null)[];
    }
  | {
      type: 'number';
      values: (number | null)[];
    }
  | {
      type: 'integer';
      values: (number | null)[];
    }
  | {
      type: 'boolean';
      values: (boolean | null)[];
    }
  | {
      type: 'estimate';
      values: (EstimateId | null)[];
    };
/**
 * A way to look at a table of the same section.
 */
export type Block = {
  /**
   * Id within the section.
   */
  id: string;
  /**
   * Title for people.
   */
  title: string;
  /**
   * What is to be seen, in one or two sentences; it is also the chart's text for screen readers.
   */
  says: string;
  /**
   * The table; empty for text.
   */
  table?: string;
} & Block1;
export type Block1 =
  | {
      kind: 'text';
    }
  | {
      kind: 'table';
    }
  | {
      kind: 'bars';
      /**
       * Labels.
       */
      label: string;
      /**
       * Lengths (numbers or estimates).
       */
      value: string;
      /**
       * Groups of bars.
       */
      series?: string | null;
      axis: Axis;
    }
  | {
      kind: 'dots';
      /**
       * Labels.
       */
      label: string;
      /**
       * Places of the dots (numbers or estimates).
       */
      value: string;
      /**
       * Kinds of dots.
       */
      series?: string | null;
      axis: Axis1;
      /**
       * A line to compare with.
       */
      reference?: Reference | null;
    }
  | {
      kind: 'curve';
      /**
       * Horizontal places.
       */
      x: string;
      /**
       * Vertical places.
       */
      y: string;
      /**
       * Lower end of the band.
       */
      low?: string | null;
      /**
       * Upper end of the band.
       */
      high?: string | null;
      /**
       * Kinds of lines.
       */
      series?: string | null;
      x_axis: Axis2;
      y_axis: Axis3;
      /**
       * A line to compare with.
       */
      reference?: Reference | null;
    }
  | {
      kind: 'heat_map';
      /**
       * Columns of the grid.
       */
      x: string;
      /**
       * Rows of the grid.
       */
      y: string;
      /**
       * Colour (numbers or estimates).
       */
      value: string;
      axis: Axis4;
    }
  | {
      kind: 'matrix';
      /**
       * Rows, for example the truth.
       */
      row: string;
      /**
       * Columns, for example the prediction.
       */
      column: string;
      /**
       * Cells.
       */
      value: string;
    }
  | {
      kind: 'tree';
      /**
       * Node id.
       */
      node: string;
      /**
       * Parent's id; missing at the root.
       */
      parent: string;
      /**
       * Text of the node.
       */
      label: string;
      /**
       * Colour.
       */
      value: string;
      /**
       * Size.
       */
      weight: string;
      /**
       * Further columns that are told of each node, where there is room for them.
       */
      more?: string[];
    }
  | {
      kind: 'distribution';
      /**
       * Left edge of the bin.
       */
      low: string;
      /**
       * Right edge of the bin.
       */
      high: string;
      /**
       * Height: count or share.
       */
      value: string;
      /**
       * Kinds of histograms.
       */
      series?: string | null;
      axis: Axis5;
    }
  | {
      kind: 'boxes';
      /**
       * Labels.
       */
      label: string;
      /**
       * Ends of the lower whiskers.
       */
      low: string;
      /**
       * Lower quartiles.
       */
      q1: string;
      /**
       * Medians (numbers or estimates).
       */
      median: string;
      /**
       * Upper quartiles.
       */
      q3: string;
      /**
       * Ends of the upper whiskers.
       */
      high: string;
      /**
       * How many rows lie beyond the whiskers.
       */
      outliers?: string | null;
      /**
       * Rows with the same value here share an axis; all of them do where it is absent.
       */
      panel?: string | null;
      axis: Axis6;
    }
  | {
      kind: 'ranking';
      /**
       * Labels.
       */
      label: string;
      /**
       * Lengths (numbers or estimates).
       */
      value: string;
      axis: Axis7;
    }
  | {
      kind: 'waterfall';
      /**
       * Labels of the steps.
       */
      label: string;
      /**
       * Sizes of the steps.
       */
      value: string;
    }
  | {
      kind: 'scatter';
      /**
       * Horizontal places.
       */
      x: string;
      /**
       * Vertical places.
       */
      y: string;
      /**
       * Colour.
       */
      colour?: string | null;
      x_axis: Axis8;
      y_axis: Axis9;
    };
/**
 * A line to compare with.
 */
export type Reference =
  | 'diagonal'
  | {
      at: number;
    }
  | {
      estimate: EstimateId;
    };
/**
 * What a number is measured in.
 */
export type Unit =
  | 'plain'
  | 'share'
  | 'rows'
  | 'nats'
  | 'target'
  | 'target_squared'
  | {
      named: string;
    };
/**
 * Which way a number is better.
 */
export type Better = 'higher' | 'lower' | 'zero' | 'one' | 'neither';

export interface Answers {
  Listed: Listed;
  CohortView: CohortView;
  Count: Count;
  ColumnView: ColumnView;
  Page: Page;
  JobView: JobView;
  KeptSection: KeptSection;
  Pin: Pin;
  NewPin: NewPin;
  Prediction: Prediction;
  ComparisonView: ComparisonView;
}
/**
 * An assessment in the list.
 */
export interface Listed {
  /**
   * Its number.
   */
  id: string;
  /**
   * The folder's name.
   */
  name: string;
  /**
   * What kind of prediction.
   */
  task: 'binary' | 'multiclass' | 'regression';
  /**
   * Rows that were assessed.
   */
  n_rows: number;
  /**
   * True when rows and model can be asked.
   */
  live: boolean;
  /**
   * Why they cannot, if so.
   */
  why_not_live: string | null;
  /**
   * True when it was made of the bundled sample.
   */
  is_sample: boolean;
}
/**
 * A named condition.
 */
export interface CohortView {
  /**
   * Its name.
   */
  name: string;
  /**
   * The condition in SQL.
   */
  predicate: string;
  /**
   * Rows that fulfil it; none where rows cannot be asked.
   */
  n: number | null;
  source: Source;
}
/**
 * How many rows a predicate selects, and how the model does on them.
 */
export interface Count {
  /**
   * Rows.
   */
  n: number;
  /**
   * Share of all rows.
   */
  share: number;
  /**
   * Rows with a wrong class; none for numbers.
   */
  n_wrong: number | null;
  /**
   * Share of rows with a wrong class; none for numbers, or without rows.
   */
  error_rate: number | null;
  /**
   * Mean of prediction minus truth; for numbers only.
   */
  mean_error: number | null;
}
/**
 * A column that can be shown, filtered and sorted by.
 */
export interface ColumnView {
  /**
   * Name; those that begin with `_` tell what the model said.
   */
  name: string;
  /**
   * `number`, `category`, `boolean`, `datetime` or `text`.
   */
  type: string;
  /**
   * What it is for.
   */
  roles: ColumnRole[];
  /**
   * Rows without a value.
   */
  n_missing: number;
  /**
   * Smallest number.
   */
  min: number | null;
  /**
   * Largest number.
   */
  max: number | null;
  /**
   * The first thousand names.
   */
  levels: string[];
  /**
   * Number of different names.
   */
  n_levels: number;
}
/**
 * Some rows.
 */
export interface Page {
  /**
   * Rows that fulfil the condition.
   */
  n: number;
  /**
   * Rows that were passed over.
   */
  offset: number;
  /**
   * Names of the columns; `_index` is the first.
   */
  columns: string[];
  /**
   * One list of values for each row: numbers, names, true and false, none.
   */
  rows: unknown[][];
}
/**
 * A computation as it is told.
 */
export interface JobView {
  /**
   * Its name.
   */
  job: string;
  /**
   * Where it is.
   */
  status: 'running' | 'done' | 'failed' | 'cancelled';
  progress: Step;
  /**
   * What came out.
   */
  section?: Section | null;
  /**
   * Why nothing came out.
   */
  error?: Detail | null;
}
/**
 * How far it is.
 */
export interface Step {
  /**
   * What is being done, in words.
   */
  what: string;
  /**
   * How much of it, in thousandths.
   */
  done: number;
  /**
   * Always 1000, or none where it cannot be told.
   */
  of: number | null;
}
/**
 * The answer of one analysis to its question.
 */
export interface Section {
  /**
   * Stable id, which is also the first word of its estimates' ids.
   */
  id: string;
  /**
   * Title for people.
   */
  title: string;
  /**
   * The question it answers.
   */
  question: string;
  /**
   * Findings, cautions and failures, worst first.
   */
  notes: Note[];
  /**
   * Every number that policies may use.
   */
  estimates: Estimate[];
  /**
   * Tables; cells that show estimates name them by id.
   */
  tables: Table[];
  /**
   * Ways to look at the tables.
   */
  blocks: Block[];
}
/**
 * A sentence with a stable code: a finding, a caution, or a part that failed.
 */
export interface Note {
  /**
   * How much it matters.
   */
  level: 'info' | 'finding' | 'concern' | 'caution' | 'failure';
  /**
   * Stable code, for example `small_groups`.
   */
  code: string;
  /**
   * The sentence, in plain words, without a final stop only when it is a label.
   */
  text: string;
  /**
   * The numbers it speaks of.
   */
  about?: EstimateId[];
}
/**
 * A number, or the reason why there is none, with its uncertainty.
 *
 * Invariant: exactly one of `value` and `missing` is set, and no number in it is NaN or infinite;
 * the constructors keep it.
 */
export interface Estimate {
  /**
   * Stable id of a number: `section.metric[.aggregate][columns]{cohort}`.
   */
  id: string;
  /**
   * The number itself; absent when it is undefined for these rows.
   */
  value: number | null;
  /**
   * Why there is no value.
   */
  missing?: Missing | null;
  /**
   * Interval with its level and method; absent where none is defined.
   */
  interval: Interval | null;
  /**
   * Rows that entered the number (not weighted).
   */
  n: number;
  /**
   * Kish's effective number of rows `(Σw)² / Σw²`, given when rows are weighted.
   */
  n_effective?: number | null;
  /**
   * What the number is measured in.
   */
  unit?:
    | 'plain'
    | 'share'
    | 'rows'
    | 'nats'
    | 'target'
    | 'target_squared'
    | {
        named: string;
      };
  /**
   * Which way is better.
   */
  better: 'higher' | 'lower' | 'zero' | 'one' | 'neither';
  /**
   * Test of "no difference", where the number is a gap.
   */
  p_value?: PValue | null;
  /**
   * True when so few rows stand behind the number that it should not be relied on.
   */
  small?: boolean;
}
/**
 * An interval around a number.
 */
export interface Interval {
  /**
   * Lower end.
   */
  low: number;
  /**
   * Upper end.
   */
  high: number;
  /**
   * Nominal coverage, for example 0.95.
   */
  level: number;
  /**
   * How it was made: `wilson`, `newcombe`, `multinomial_bootstrap`, `delong`, …
   */
  method: string;
}
/**
 * A p-value and what was done about the others that were looked at.
 */
export interface PValue {
  /**
   * As the test gives it.
   */
  value: number;
  /**
   * Adjusted for the family of comparisons it belongs to.
   */
  adjusted?: number | null;
  /**
   * The test, for example `chi_squared`, and the adjustment, for example `benjamini_hochberg`.
   */
  method: string;
}
/**
 * A typed table, stored by column. Invariant: all columns have the same length.
 */
export interface Table {
  /**
   * Id within the section.
   */
  id: string;
  /**
   * Title for people.
   */
  title: string;
  /**
   * The columns.
   */
  columns: TableColumn[];
}
/**
 * The value axis.
 */
export interface Axis {
  /**
   * Title for people.
   */
  title?: string;
  /**
   * Linear or logarithmic.
   */
  scale: 'linear' | 'log';
  /**
   * Ends of the axis; from the data where absent.
   *
   * @minItems 2
   * @maxItems 2
   */
  domain?: [unknown, unknown] | null;
}
/**
 * The value axis.
 */
export interface Axis1 {
  /**
   * Title for people.
   */
  title?: string;
  /**
   * Linear or logarithmic.
   */
  scale: 'linear' | 'log';
  /**
   * Ends of the axis; from the data where absent.
   *
   * @minItems 2
   * @maxItems 2
   */
  domain?: [unknown, unknown] | null;
}
/**
 * The horizontal axis.
 */
export interface Axis2 {
  /**
   * Title for people.
   */
  title?: string;
  /**
   * Linear or logarithmic.
   */
  scale: 'linear' | 'log';
  /**
   * Ends of the axis; from the data where absent.
   *
   * @minItems 2
   * @maxItems 2
   */
  domain?: [unknown, unknown] | null;
}
/**
 * The vertical axis.
 */
export interface Axis3 {
  /**
   * Title for people.
   */
  title?: string;
  /**
   * Linear or logarithmic.
   */
  scale: 'linear' | 'log';
  /**
   * Ends of the axis; from the data where absent.
   *
   * @minItems 2
   * @maxItems 2
   */
  domain?: [unknown, unknown] | null;
}
/**
 * The colour scale.
 */
export interface Axis4 {
  /**
   * Title for people.
   */
  title?: string;
  /**
   * Linear or logarithmic.
   */
  scale: 'linear' | 'log';
  /**
   * Ends of the axis; from the data where absent.
   *
   * @minItems 2
   * @maxItems 2
   */
  domain?: [unknown, unknown] | null;
}
/**
 * The horizontal axis.
 */
export interface Axis5 {
  /**
   * Title for people.
   */
  title?: string;
  /**
   * Linear or logarithmic.
   */
  scale: 'linear' | 'log';
  /**
   * Ends of the axis; from the data where absent.
   *
   * @minItems 2
   * @maxItems 2
   */
  domain?: [unknown, unknown] | null;
}
/**
 * The value axis.
 */
export interface Axis6 {
  /**
   * Title for people.
   */
  title?: string;
  /**
   * Linear or logarithmic.
   */
  scale: 'linear' | 'log';
  /**
   * Ends of the axis; from the data where absent.
   *
   * @minItems 2
   * @maxItems 2
   */
  domain?: [unknown, unknown] | null;
}
/**
 * The value axis.
 */
export interface Axis7 {
  /**
   * Title for people.
   */
  title?: string;
  /**
   * Linear or logarithmic.
   */
  scale: 'linear' | 'log';
  /**
   * Ends of the axis; from the data where absent.
   *
   * @minItems 2
   * @maxItems 2
   */
  domain?: [unknown, unknown] | null;
}
/**
 * The horizontal axis.
 */
export interface Axis8 {
  /**
   * Title for people.
   */
  title?: string;
  /**
   * Linear or logarithmic.
   */
  scale: 'linear' | 'log';
  /**
   * Ends of the axis; from the data where absent.
   *
   * @minItems 2
   * @maxItems 2
   */
  domain?: [unknown, unknown] | null;
}
/**
 * The vertical axis.
 */
export interface Axis9 {
  /**
   * Title for people.
   */
  title?: string;
  /**
   * Linear or logarithmic.
   */
  scale: 'linear' | 'log';
  /**
   * Ends of the axis; from the data where absent.
   *
   * @minItems 2
   * @maxItems 2
   */
  domain?: [unknown, unknown] | null;
}
/**
 * What is wrong, and how to mend it.
 */
export interface Detail {
  /**
   * Stable code.
   */
  code: string;
  /**
   * In words.
   */
  message: string;
  /**
   * How to mend it.
   */
  hint: string | null;
}
/**
 * An answer that somebody asked for and kept.
 */
export interface KeptSection {
  /**
   * Names it within the assessment.
   */
  job: string;
  /**
   * The analysis.
   */
  analysis: string;
  /**
   * Which rows; all without a condition.
   */
  predicate: string | null;
  section: Section1;
}
/**
 * The answer of one analysis to its question.
 */
export interface Section1 {
  /**
   * Stable id, which is also the first word of its estimates' ids.
   */
  id: string;
  /**
   * Title for people.
   */
  title: string;
  /**
   * The question it answers.
   */
  question: string;
  /**
   * Findings, cautions and failures, worst first.
   */
  notes: Note[];
  /**
   * Every number that policies may use.
   */
  estimates: Estimate[];
  /**
   * Tables; cells that show estimates name them by id.
   */
  tables: Table[];
  /**
   * Ways to look at the tables.
   */
  blocks: Block[];
}
/**
 * A changed row that was kept.
 */
export interface Pin {
  /**
   * Names it within the assessment; no other pin ever gets the same number.
   */
  pin: number;
  /**
   * The row's number in the data, from 0.
   */
  row: number;
  /**
   * New values by column.
   */
  set: {
    [k: string]: unknown;
  };
  /**
   * What came of it, in words.
   */
  says: string | null;
}
/**
 * A changed row that somebody wants to come back to.
 */
export interface NewPin {
  /**
   * The row's number in the data, from 0.
   */
  row: number;
  /**
   * New values by column.
   */
  set: {
    [k: string]: unknown;
  };
  /**
   * What came of it, in words.
   */
  says: string | null;
}
/**
 * What the model says of one row.
 */
export interface Prediction {
  /**
   * The class; none for numbers.
   */
  predicted: string | null;
  /**
   * Probability of each class, where the model gives them.
   */
  probability: number[] | null;
  /**
   * The number, for numbers.
   */
  value: number | null;
}
/**
 * Two assessments number by number.
 */
export interface ComparisonView {
  /**
   * What happened, in a sentence.
   */
  says: string;
  /**
   * The numbers that both have.
   */
  rows: PairView[];
  /**
   * What must be known to read them.
   */
  notes: Note[];
  /**
   * Ids that only the first has.
   */
  only_a: string[];
  /**
   * Ids that only the second has.
   */
  only_b: string[];
}
/**
 * One number of both.
 */
export interface PairView {
  /**
   * The id of the estimate.
   */
  id: string;
  unit: Unit;
  /**
   * In the first; none where it is missing.
   */
  a: number | null;
  /**
   * In the second; none where it is missing.
   */
  b: number | null;
  /**
   * The second minus the first.
   */
  difference: number | null;
  /**
   * Interval of the difference, with its method.
   */
  interval: Interval | null;
  better: Better;
  /**
   * `same`, `better`, `worse`, `different`, `unclear` or `missing`.
   */
  change: string;
}
