// The manifests of both apps against Microsoft's own schemas. They are the goldens that the Go tests compare with what
// `teamspro manifest` writes, byte for byte.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import Ajv04 from 'ajv-draft-04';
import addFormats from 'ajv-formats';

const require = createRequire(import.meta.url);
const schemas = join(dirname(require.resolve('@microsoft/app-manifest/package.json')), 'build/json-schemas/teams');
const goldens = new URL('../../manifest/testdata/', import.meta.url);

function check(schema, document) {
  const ajv = new Ajv04.default({ strict: false, allErrors: true, unicodeRegExp: false }); // Microsoft's patterns need the older reading
  addFormats.default(ajv);
  const valid = ajv.compile(JSON.parse(readFileSync(schema)));
  return valid(document) ? [] : valid.errors.map((e) => `${e.instancePath || '/'} ${e.message}`);
}

const files = readdirSync(goldens).filter((name) => name.endsWith('.json'));
assert.ok(files.length > 0, 'manifest/testdata holds no manifests');
for (const name of files) {
  test(`${name} is what Microsoft's schema asks for`, () => {
    const document = JSON.parse(readFileSync(new URL(name, goldens)));
    const version = document.manifestVersion ?? /\/v([\d.]+)\//.exec(document.$schema)?.[1];
    const kind = document.manifestVersion ? 'MicrosoftTeams.schema.json' : 'MicrosoftTeams.Localization.schema.json';
    assert.deepEqual(check(join(schemas, `v${version}`, kind), document), []);
  });
}
