/** The hints of the aggregate program: what the host supplies and the program checks. */
export const HINT = {
  /** Digest of the aggregate program's own key. */
  aggregateKey: 'aggregate key',
  childCount: 'child count',
  /** The number of the next child's shape; the hints that follow are about this child. */
  nextChild: 'next child',
  /** 1 for a child under the aggregate program's own key. */
  isInner: 'is inner',
  /** L of an inner child. */
  innerDigest: 'inner digest',
  preprocessedCap: 'preprocessed cap',
  statement: 'statement',
  mainCap: 'main cap',
  logUpCap: 'LogUp cap',
  sums: 'sums',
  quotientCap: 'quotient cap',
  openings: 'openings',
  /** Of the fold layer given. */
  foldCap: 'fold cap',
  finalPolynomial: 'final polynomial',
  /** Of the grinding site given by its label; fold sites by their order. */
  nonce: 'nonce',
  /** The leaf row of a tree at the index that a squeezed word gives. */
  leafRow: 'leaf row',
  /** The siblings between two log sizes of a tree at the index that a squeezed word gives. */
  siblings: 'siblings',
  /** The upper bits of a canonical word. */
  bits: 'bits',
  /** u with u * (127 - high) = low. */
  canonicalFactor: 'canonical factor',
  /** u_i with the sum of u_i * inputs[i] equal to 1. */
  unitFactors: 'unit factors',
} as const;
