// Writes the types of documents and of the server's answers from their schemas; `--check` only says whether they are fresh.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';

const from = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => JSON.parse(readFileSync(from(path), 'utf8'));
const options = (source) => ({
  additionalProperties: false,
  bannerComment: `// Made from ${source} by \`npm run codegen\`; do not edit.`,
  style: { singleQuote: true, printWidth: 110 },
});

async function documentTypes() {
  const schema = read('../../schema/document.schema.json');
  delete schema.$id;
  return compile(schema, 'Document', options('schema/document.schema.json'));
}

/** What the server says, as one object with an answer for each name. */
async function answerTypes() {
  const { schemas } = read('../../schema/api.json').components;
  const definitions = JSON.parse(
    JSON.stringify(schemas).replaceAll('#/components/schemas/', '#/definitions/'),
  );
  const answers = [
    'Listed',
    'CohortView',
    'Count',
    'ColumnView',
    'Page',
    'JobView',
    'KeptSection',
    'Pin',
    'NewPin',
    'Prediction',
    'ComparisonView',
  ];
  const properties = Object.fromEntries(answers.map((name) => [name, { $ref: `#/definitions/${name}` }]));
  const schema = { title: 'Answers', type: 'object', properties, required: answers, definitions };
  return compile(schema, 'Answers', options('schema/api.json'));
}

let isStale = false;
for (const [path, made] of [
  ['src/generated/document.ts', await documentTypes()],
  ['src/generated/answers.ts', await answerTypes()],
]) {
  const target = from(`../${path}`);
  const known = existsSync(target) ? readFileSync(target, 'utf8') : '';
  if (known === made) continue;
  if (process.argv.includes('--check')) {
    console.error(`error: \`${path}\` is stale\nhint: run \`npm run codegen\``);
    isStale = true;
  } else {
    writeFileSync(target, made);
    console.log(`wrote ${path}`);
  }
}
if (isStale) process.exit(1);
