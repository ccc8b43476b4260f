// Makes TypeScript types of a schema and of operations, as users of GraphQL Code Generator do, and
// prints as JSON what the compiler has to say of each file that is checked against them.
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { generate } from '@graphql-codegen/cli';
import ts from 'typescript';

const { FOLDER: folder, CHECKED: checked } = process.env;
const scalars = { Date: 'string', DateTime: 'string', Decimal: 'string' };
const types = join(folder, 'types.ts');
const operations = join(folder, 'operations.ts');

process.chdir(fileURLToPath(new URL('.', import.meta.url))); // where plugins are looked for
await generate({
  schema: join(folder, 'schema.graphql'),
  documents: join(folder, 'operations.graphql'),
  silent: true,
  config: { scalars },
  generates: {
    [types]: { plugins: ['typescript'] },
    [operations]: { plugins: ['typescript-operations'] },
  },
});

const files = [types, operations, ...checked.split(' ').map((name) => join(folder, name))];
const program = ts.createProgram(files, {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
});
const complaints = ts.getPreEmitDiagnostics(program).map(({ file, code, messageText }) => ({
  file: file ? basename(file.fileName) : null,
  code,
  message: ts.flattenDiagnosticMessageText(messageText, ' '),
}));

process.stdout.write(JSON.stringify(complaints), () => process.exit(0));
