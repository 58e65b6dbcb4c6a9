/** The hints of a program that verifies children: what the host supplies and the program checks. */
export const HINT = {
  /** Digest of the aggregate program's own key. */
  aggregateKey: 'aggregate key',
  childCount: 'child count',
  /** The number of the next child's profile; the hints that follow are about this child. */
  nextChild: 'next child',
  /** 1 for a child under the aggregate program's own key. */
  isInner: 'is inner',
  /** L of an inner child. */
  innerDigest: 'inner digest',
  /** One word a slot: log height + 1, or 0. */
  heights: 'heights',
  /** How many different heights there are; the next one below the height given. */
  heightCount: 'height count',
  nextHeight: 'next height',
  preprocessedCap: 'preprocessed cap',
  statement: 'statement',
  mainCap: 'main cap',
  logUpCap: 'LogUp cap',
  sums: 'sums',
  quotientCap: 'quotient cap',
  /** Of the matrix of the phase and slot given. */
  openings: 'openings',
  foldCap: 'fold cap',
  finalPolynomial: 'final polynomial',
  /** Of the grinding site given by its label; fold sites by their order. */
  nonce: 'nonce',
  /** Of a squeezed word and the number of its low 24 bits below the index: the index, the bits below it, the point. */
  query: 'query',
  /** Bits of a word, from the given one on, as many as given. */
  bits: 'bits',
  /** The rows of all trees at a log height and an index into it. */
  leafRows: 'leaf rows',
  /**
   * Of a phase tree: the siblings on the way up to a log height and an index into it, over so many levels from the node whose
   * index has so many bits more, the last input; those from a log height and an index into it up to the cap.
   */
  siblings: 'siblings',
  capSiblings: 'cap siblings',
  /** Of the layer whose codeword's indices lack so many bits of a word: the leaf at an index, and the siblings above it. */
  coset: 'coset',
  foldSiblings: 'fold siblings',
  /** An index modulo a power of two. */
  place: 'place',
  /** Siblings of a path that proves nothing but the range of its index. */
  anySiblings: 'any siblings',
  /** Of a word: the bits from the given one to 23, the upper bits. */
  wordParts: 'word parts',
  /** u with u * (127 - high) = low. */
  canonicalFactor: 'canonical factor',
  /** u_i with the sum of u_i * inputs[i] equal to 1. */
  unitFactors: 'unit factors',
} as const;
