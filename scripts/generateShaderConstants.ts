/**
 * Writes the WGSL constants that derive from `stark`: the Frobenius images of the extension, and Poseidon's round constants
 * and linear layer. Run: node --import tsx scripts/generateShaderConstants.ts
 * The texts are functions of `stark` alone, so a test compares them with the committed files.
 * Source: docs/spec/proof-system.md, sections 1 and 2.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import * as extension from '../stark/field/extension.ts';
import { add, inverse, MODULUS, multiply, rootOfUnity, TWO_ADICITY } from '../stark/field/koalaBear.ts';
import {
  FULL_ROUNDS,
  MDS_FIRST_ROW,
  PARTIAL_ROUNDS,
  ROUND_CONSTANTS,
  WIDTH,
} from '../stark/hash/poseidon.ts';

const COMMAND = 'node --import tsx scripts/generateShaderConstants.ts';
/** 2^32 mod p, which takes a canonical word into Montgomery form. */
const MONTGOMERY_ONE = 2 ** 32 % MODULUS;

function word(canonical: number): string {
  return `${multiply(canonical, MONTGOMERY_ONE)}u`;
}

/** Words as indented lines of eight. */
function lines(words: readonly string[]): string {
  const rows: string[] = [];
  for (let start = 0; start < words.length; start += 8)
    rows.push(`  ${words.slice(start, start + 8).join(', ')},`);
  return rows.join('\n');
}

/** Images of x, x^2, x^3, x^4 under the p-th power, then under the p^2-th power, 5 words each. */
function extensionConstants(): string {
  const x: extension.Extension = [0, 1, 0, 0, 0];
  const frobeniusOfX = extension.power(x, MODULUS);
  const squareOfFrobeniusOfX = extension.power(frobeniusOfX, MODULUS);
  const images = [frobeniusOfX, squareOfFrobeniusOfX].flatMap((image) =>
    [1, 2, 3, 4].map((exponent) => extension.power(image, exponent)),
  );
  return `// Generated: ${COMMAND}
// Words in Montgomery form.

/// Images of x, x^2, x^3, x^4 under the p-th power, then under the p^2-th power.
const EXTENSION_FROBENIUS = array<array<u32, 5>, 8>(
${images.map((image) => `  array<u32, 5>(${image.map(word).join(', ')}),`).join('\n')}
);
`;
}

/** The roots w_0..w_24 of the subgroups and their inverses. */
function domainConstants(): string {
  const roots = Array.from({ length: TWO_ADICITY + 1 }, (_, logOrder) => rootOfUnity(logOrder));
  return `// Generated: ${COMMAND}
// Words in Montgomery form.

/// Generators of the subgroups of order 2^0..2^${TWO_ADICITY}.
const DOMAIN_ROOTS = array<u32, ${roots.length}>(
${lines(roots.map(word))}
);

/// Their inverses.
const DOMAIN_INVERSE_ROOTS = array<u32, ${roots.length}>(
${lines(roots.map((root) => word(inverse(root))))}
);
`;
}

/** The linear layer: out[row] = sum of first_row[(column - row) mod 16] * lanes[column], as cyclic convolution weights. */
function convolutionWeights(): number[] {
  return Array.from({ length: WIDTH }, (_, index) => MDS_FIRST_ROW[(WIDTH - index) % WIDTH]!);
}

/**
 * Round constants of the full rounds, and of lane 0 in the partial rounds. Constants of lanes 1..15 in a partial round pass
 * through its S-box unchanged, so they are moved through the linear layer into the next round.
 */
function roundConstants(): { readonly full: number[]; readonly partial: number[] } {
  const weights = convolutionWeights();
  const rounds = Array.from({ length: FULL_ROUNDS + PARTIAL_ROUNDS }, (_, round) =>
    Array.from(ROUND_CONSTANTS.slice(round * WIDTH, (round + 1) * WIDTH)),
  );
  const firstPartial = FULL_ROUNDS / 2;
  const afterPartial = firstPartial + PARTIAL_ROUNDS;
  const partial: number[] = [];
  for (let round = firstPartial; round < afterPartial; round++) {
    partial.push(rounds[round]![0]!);
    for (let row = 0; row < WIDTH; row++) {
      let moved = rounds[round + 1]![row]!;
      for (let column = 1; column < WIDTH; column++) {
        moved = add(moved, multiply(weights[(row - column + WIDTH) % WIDTH]!, rounds[round]![column]!));
      }
      rounds[round + 1]![row] = moved;
    }
  }
  return { full: [...rounds.slice(0, firstPartial), ...rounds.slice(afterPartial)].flat(), partial };
}

/** Statements of straight-line integer code, each naming one value. */
interface Code {
  readonly statements: string[];
  name(expression: string): string;
}

function createCode(prefix: string): Code {
  const statements: string[] = [];
  return {
    statements,
    name(expression) {
      const name = `${prefix}${statements.length}`;
      statements.push(`  let ${name} = ${expression};`);
      return name;
    },
  };
}

function weightedSum(terms: readonly (readonly [number, string])[]): string {
  let text = '';
  for (const [weight, value] of terms) {
    if (weight === 0) continue;
    const magnitude = Math.abs(weight);
    const product = magnitude === 1 ? value : `${magnitude} * ${value}`;
    text += text === '' ? (weight < 0 ? `-(${product})` : product) : ` ${weight < 0 ? '-' : '+'} ${product}`;
  }
  return text === '' ? '0' : text;
}

/** Product modulo x^n + 1. */
function negacyclic(code: Code, weights: readonly number[], values: readonly string[]): string[] {
  const count = weights.length;
  return values.map((_, row) =>
    code.name(
      weightedSum(
        values.map((value, column) => {
          const weight = weights[(row - column + count) % count]!;
          return [column > row ? -weight : weight, value] as const;
        }),
      ),
    ),
  );
}

/**
 * n times the product modulo x^n - 1, by x^n - 1 = (x^(n/2) - 1)(x^(n/2) + 1); n is removed by the caller's one shift, so
 * nothing is halved on the way.
 */
function cyclic(code: Code, weights: readonly number[], values: readonly string[]): string[] {
  const half = weights.length / 2;
  if (weights.length === 1) return [weightedSum([[weights[0]!, values[0]!]])].map((text) => code.name(text));
  const low = Array.from({ length: half }, (_, index) => index);
  const sums = low.map((index) => code.name(`${values[index]} + ${values[index + half]}`));
  const differences = low.map((index) => code.name(`${values[index]} - ${values[index + half]}`));
  const plus = cyclic(
    code,
    low.map((index) => weights[index]! + weights[index + half]!),
    sums,
  );
  const minus = negacyclic(
    code,
    low.map((index) => (weights[index]! - weights[index + half]!) * half),
    differences,
  );
  return [
    ...low.map((index) => code.name(`${plus[index]} + ${minus[index]}`)),
    ...low.map((index) => code.name(`${plus[index]} - ${minus[index]}`)),
  ];
}

function poseidonConstants(): string {
  const { full, partial } = roundConstants();
  const code = createCode('v');
  const lanes = Array.from({ length: WIDTH }, (_, lane) => `(*halves)[${lane}]`);
  const sums = cyclic(code, convolutionWeights(), lanes);
  const stores = sums.map((sum, lane) => `  (*halves)[${lane}] = ${sum} >> 4u;`);
  return `// Generated: ${COMMAND}
// Words in Montgomery form.

/// Constants of the ${FULL_ROUNDS} full rounds, 16 each.
const POSEIDON_FULL_CONSTANTS = array<u32, ${full.length}>(
${lines(full.map(word))}
);

/// Constants of lane 0 in the ${PARTIAL_ROUNDS} partial rounds; those of the other lanes are moved into the round after.
const POSEIDON_PARTIAL_CONSTANTS = array<u32, ${partial.length}>(
${lines(partial.map(word))}
);

/// The circulant of the linear layer times 16 small integers; all intermediate values stay below 2^31 in magnitude.
fn poseidonCirculant(halves: ptr<function, array<i32, 16>>) {
${code.statements.join('\n')}
${stores.join('\n')}
}
`;
}

export const GENERATED_SHADERS = {
  'shaders/shared/domainConstants.wgsl': domainConstants,
  'shaders/shared/extensionConstants.wgsl': extensionConstants,
  'shaders/shared/poseidonConstants.wgsl': poseidonConstants,
} as const;

if (process.argv[1] === import.meta.filename) {
  const isCheck = process.argv.includes('--check');
  for (const [path, generate] of Object.entries(GENERATED_SHADERS)) {
    const file = new URL(`../${path}`, import.meta.url);
    if (!isCheck) writeFileSync(file, generate());
    else if (readFileSync(file, 'utf8') !== generate()) {
      process.stderr.write(`${path} is not what ${COMMAND} writes\n`);
      process.exitCode = 1;
    }
  }
}
