// Writes the types of a document from its schema; `--check` only says whether they are fresh.
import { readFileSync, writeFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';

const from = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = from('../src/generated/document.ts');

/** Fields with a default may be absent in JSON that others wrote, but not in what is generated here. */
const schema = JSON.parse(readFileSync(from('../../schema/document.schema.json'), 'utf8'));
delete schema.$id;
const made = await compile(schema, 'Document', {
  additionalProperties: false,
  bannerComment: '// Made from schema/document.schema.json by `npm run codegen`; do not edit.',
  style: { singleQuote: true, printWidth: 110 },
});

const known = existsSync(target) ? readFileSync(target, 'utf8') : '';
if (process.argv.includes('--check')) {
  if (known !== made) {
    console.error('error: `src/generated/document.ts` is stale\nhint: run `npm run codegen`');
    process.exit(1);
  }
  console.log('generated types are fresh');
} else if (known !== made) {
  writeFileSync(target, made);
  console.log('wrote src/generated/document.ts');
}
