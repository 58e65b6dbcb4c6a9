/** What is said of a probe that ends without a report. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonOfDeath } from '../../kernels/adapter.ts';

test('a probe that cannot load Dawn is told in one line, with what it needs', () => {
  const stack = (message: string): string =>
    `node:internal/modules/cjs/loader:1\n  return process.dlopen(module, file);\n\nError: ${message}\n    at Object..node (x:1)\n`;
  for (const message of [
    "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /a/dawn.node)",
    "/lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /a/dawn.node)",
    'Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /a/dawn.node)',
  ])
    assert.equal(
      reasonOfDeath('1', stack(message)),
      `the probe died: 1 Error: ${message}; Dawn needs glibc 2.34 and GLIBCXX_3.4.30 or later`,
    );
  assert.equal(reasonOfDeath('SIGSEGV', 'a\n  b\n'), 'the probe died: SIGSEGV a b');
});
