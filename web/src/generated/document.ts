// Made from schema/document.schema.json by `npm run codegen`; do not edit.

/**
 * What kind of prediction is made.
 */
export type Task = 'binary' | 'multiclass' | 'regression';
/**
 * A column to group by, and how its numbers become groups.
 */
export type GroupingSpec =
  | string
  | ((
      | {
          quantiles: number;
        }
      | {
          widths: number;
        }
      | {
          edges: number[];
        }
    ) & {
      /**
       * The column's name.
       */
      column: string;
    });
/**
 * How the values of a column are understood.
 */
export type ColumnType = 'numeric' | 'categorical' | 'boolean' | 'datetime' | 'text';
/**
 * How an endpoint is spoken to.
 */
export type EndpointProtocol = 'v2' | 'mlflow';
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
 * An assessment.
 */
export interface Document {
  /**
   * Version of this format.
   */
  schema_version: string;
  spec: RunSpec;
  provenance: Provenance;
  /**
   * What kind of prediction is made.
   */
  task: 'binary' | 'multiclass' | 'regression';
  /**
   * The classes in order (the second of two is the positive one); empty for regression.
   */
  classes: string[];
  /**
   * The data, as it was understood.
   */
  datasets: DatasetSummary[];
  /**
   * The model, as it was understood; absent when predictions were columns.
   */
  model?: ModelSummary | null;
  /**
   * The parts of the rows that were looked at.
   */
  cohorts: CohortSummary[];
  /**
   * Notes about the run as a whole.
   */
  notes: Note[];
  /**
   * The answers.
   */
  sections: Section[];
  /**
   * Per-row results, as files beside the document.
   */
  artifacts: Artifact[];
}
/**
 * What was asked.
 */
export interface RunSpec {
  /**
   * The column that holds the truth.
   */
  target?: string | null;
  /**
   * The value of the target that counts as positive (two classes only).
   */
  positive?: string | null;
  /**
   * The task; inferred from the target when absent.
   */
  task?: Task | null;
  /**
   * The column of predicted values, when no model is asked.
   */
  prediction?: string | null;
  /**
   * The columns of probabilities: one (of the positive class), or one per class in the order of `classes`.
   */
  probability?: string[];
  /**
   * The classes in the order of the probability columns; sorted target values when absent.
   */
  classes?: string[];
  /**
   * A probability at or above this is a positive prediction (two classes; default 0.5).
   */
  threshold?: number | null;
  /**
   * The column of row weights.
   */
  weight?: string | null;
  /**
   * Columns whose groups must be treated fairly; they need not be model inputs.
   */
  sensitive?: GroupingSpec[];
  /**
   * Columns within whose strata groups are compared.
   */
  control?: GroupingSpec[];
  /**
   * Model inputs; all columns without another role when absent.
   */
  features?: string[] | null;
  /**
   * Columns that only name a row.
   */
  id?: string[];
  /**
   * Columns left out altogether.
   */
  drop?: string[];
  /**
   * Seed of every random draw.
   */
  seed: number;
  /**
   * Coverage of intervals (default 0.95).
   */
  level?: number | null;
  /**
   * Analyses to run; all that apply when absent.
   */
  only?: string[] | null;
  /**
   * Also the rows outside each cohort, as a cohort `not NAME`; rows for which its predicate is unknown are among them.
   */
  complements?: boolean;
  data: DataSpec;
  /**
   * The model; absent when the predictions are columns of the data.
   */
  model?: ModelSpec | null;
  /**
   * Named parts of the rows.
   */
  cohorts?: CohortSpec[];
  /**
   * Parameters of analyses, by analysis id.
   */
  analyses?: {
    [k: string]: unknown;
  };
}
/**
 * The data.
 */
export interface DataSpec {
  /**
   * The rows to assess: a file, a directory of Parquet files, a glob, or `-` for standard input.
   */
  test: string;
  /**
   * The rows the model was trained on.
   */
  train?: string | null;
  /**
   * `csv`, `tsv`, `parquet`, `arrow` or `jsonl`; from the name's ending when absent.
   */
  format?: string | null;
  /**
   * Field separator of delimited text; guessed from the first lines when absent.
   */
  delimiter?: string | null;
  /**
   * Texts that stand for a missing value, beside the empty one.
   */
  missing_values?: string[];
  /**
   * Column types that inference should not decide.
   */
  types?: {
    [k: string]: ColumnType;
  };
  /**
   * Bytes of rows that may be held in memory; beyond it the file is read again for each pass.
   */
  memory?: number | null;
}
/**
 * What is to be asked for predictions.
 */
export interface ModelSpec {
  /**
   * A model file, or the `http://` or `https://` address of an endpoint.
   */
  source: string;
  /**
   * Format of the file; recognised from its content when absent.
   */
  format?: string | null;
  /**
   * Protocol of an endpoint.
   */
  protocol?: EndpointProtocol | null;
  /**
   * Name of the model at an endpoint that serves several.
   */
  name?: string | null;
  /**
   * Environment variable that holds the `Authorization` header; the header itself is never stored.
   */
  authorization_env?: string | null;
  /**
   * Seconds to wait for one answer (default 30).
   */
  timeout_secs?: number | null;
  /**
   * Rows in one request (default 1,000).
   */
  batch_rows?: number | null;
  /**
   * Requests under way at once (default 4).
   */
  concurrency?: number | null;
  /**
   * Tries of one request (default 4).
   */
  tries?: number | null;
  /**
   * The model's classes in the order of its outputs, where its file does not name them.
   */
  classes?: string[];
}
/**
 * A named part of the rows.
 */
export interface CohortSpec {
  /**
   * Name, unique in the spec.
   */
  name: string;
  /**
   * SQL predicate over the columns and `_true`, `_predicted`, `_probability`, `_error`, `_outcome`, `_index`.
   */
  where: string;
}
/**
 * What it was made with.
 */
export interface Provenance {
  /**
   * Version of Equipoise.
   */
  equipoise: string;
  /**
   * Seed of every random draw.
   */
  seed: number;
  /**
   * SHA-256 of the spec as canonical JSON.
   */
  spec_sha256: string;
  /**
   * Fingerprints of everything that was read.
   */
  inputs: InputFingerprint[];
  /**
   * True when the run was interrupted: sections are missing or hold the best so far, as the notes say. Absent when false.
   */
  partial?: boolean;
}
/**
 * What was read.
 */
export interface InputFingerprint {
  /**
   * `test`, `train` or `model`.
   */
  role: string;
  /**
   * File name without its directory, or the endpoint's address without credentials.
   */
  name: string;
  /**
   * SHA-256 of the bytes; absent for an endpoint.
   */
  sha256?: string | null;
  /**
   * Size in bytes.
   */
  bytes?: number | null;
}
/**
 * A dataset as it was understood.
 */
export interface DatasetSummary {
  /**
   * `test` or `train`.
   */
  part: string;
  /**
   * Number of rows.
   */
  n_rows: number;
  /**
   * Its columns in order.
   */
  columns: ColumnSummary[];
}
/**
 * A column as it was understood.
 */
export interface ColumnSummary {
  /**
   * Name.
   */
  name: string;
  /**
   * How the values of a column are understood.
   */
  type: 'numeric' | 'categorical' | 'boolean' | 'datetime' | 'text';
  /**
   * What it is for; a column may have several roles.
   */
  roles: ColumnRole[];
  /**
   * Rows without a value.
   */
  n_missing: number;
  /**
   * Number of different values, for columns of names.
   */
  n_levels?: number | null;
  /**
   * Smallest number.
   */
  min?: number | null;
  /**
   * Largest number.
   */
  max?: number | null;
}
/**
 * A model as it was understood.
 */
export interface ModelSummary {
  /**
   * For example `lightgbm`, `xgboost`, `catboost`, `onnx`, `endpoint`.
   */
  format: string;
  /**
   * For example `gradient-boosted trees, 100 trees`.
   */
  describes: string;
  /**
   * Inputs in order.
   */
  features: string[];
  /**
   * Number of outputs.
   */
  n_outputs: number;
}
/**
 * A part of the rows.
 */
export interface CohortSummary {
  /**
   * Name.
   */
  name: string;
  /**
   * Its predicate; absent for all rows.
   */
  where?: string | null;
  /**
   * Number of rows.
   */
  n: number;
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
 * A file beside the document.
 */
export interface Artifact {
  /**
   * What it holds, for example `predictions`.
   */
  name: string;
  /**
   * Path relative to the document: `artifacts/<sha256>.parquet`.
   */
  path: string;
  /**
   * SHA-256 of its bytes.
   */
  sha256: string;
  /**
   * Number of rows.
   */
  n_rows: number;
  /**
   * Its columns.
   */
  columns: string[];
}
