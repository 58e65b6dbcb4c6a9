/** Everything that can be measured, in the order of the report. */
import { measureAggregates } from './aggregate.ts';
import { measureBlock } from './block.ts';
import { measureChecks } from './checks.ts';
import { measureColumn, measureLongRun } from './column.ts';
import { measureExecutor, measureHostCompress } from './host.ts';
import { measureCommit, measureCompress, measureMerkle, measureNtt } from './kernels.ts';
import type { MeasurementOutcome, MeasurementSettings } from './measurement.ts';
import { measurePipelines } from './pipelines.ts';
import { measureAdapter, measureRoofs } from './roofs.ts';
import { measureStages } from './stages.ts';

export interface Measurement {
  /** One line for `--help`. */
  readonly about: string;
  readonly usesDevice: boolean;
  /** True when its rates are held against the roofs. */
  readonly hasRoofs?: boolean;
  /** True when it is measured twice, with an empty cache of the driver and with a filled one. */
  readonly isCached?: boolean;
  /** When it is measured without being asked for; always when left out. */
  readonly isDefault?: 'onHardware' | 'never';
  readonly measure: (settings: MeasurementSettings) => Promise<MeasurementOutcome>;
}

export const MEASUREMENT_NAMES = [
  'adapter',
  'checks',
  'roofs',
  'ntt',
  'compress',
  'merkle',
  'commit',
  'stages',
  'executor',
  'hostCompress',
  'pipelines',
  'column',
  'longRun',
  'aggregate',
  'block',
] as const;
export type MeasurementName = (typeof MEASUREMENT_NAMES)[number];

export const MEASUREMENTS: Readonly<Record<MeasurementName, Measurement>> = {
  adapter: { about: 'which adapter answers, and how soon', usesDevice: true, measure: measureAdapter },
  checks: {
    about: 'known answers, kernels and proofs against plain TypeScript',
    usesDevice: true,
    isDefault: 'never',
    measure: measureChecks,
  },
  roofs: { about: 'multiply rate and copy bandwidth of the device', usesDevice: true, measure: measureRoofs },
  ntt: {
    about: 'inverse number-theoretic transforms',
    usesDevice: true,
    hasRoofs: true,
    measure: measureNtt,
  },
  compress: {
    about: 'the kernel of Merkle levels',
    usesDevice: true,
    hasRoofs: true,
    measure: measureCompress,
  },
  merkle: { about: 'trees over rows', usesDevice: true, hasRoofs: true, measure: measureMerkle },
  commit: { about: 'extension by 4 and tree', usesDevice: true, hasRoofs: true, measure: measureCommit },
  stages: {
    about: 'the other stages of a proof: expansion, LogUp, quotient, openings, DEEP, fold, proof of work',
    usesDevice: true,
    hasRoofs: true,
    measure: measureStages,
  },
  executor: { about: 'cycles of plain instructions', usesDevice: false, measure: measureExecutor },
  hostCompress: {
    about: 'the hash on the host',
    usesDevice: false,
    measure: measureHostCompress,
  },
  pipelines: {
    about: 'compilation of every pipeline, cold and warm',
    usesDevice: true,
    isCached: true,
    measure: measurePipelines,
  },
  column: {
    about: 'a column of a real block: proof, stages, verification',
    usesDevice: true,
    measure: measureColumn,
  },
  longRun: {
    about: 'a long run of plain instructions: proof, stages, verification',
    usesDevice: true,
    isDefault: 'onHardware',
    measure: measureLongRun,
  },
  aggregate: {
    about: 'nodes of one, two and four aggregates: proof, stages, host, verification',
    usesDevice: true,
    measure: measureAggregates,
  },
  block: {
    about: 'a whole block by the service, to its final proof; --columns says in how many columns',
    usesDevice: true,
    isDefault: 'never',
    measure: measureBlock,
  },
};

/** Throws: RangeError on an unknown name. */
export function parseNames(list: string): MeasurementName[] {
  return list.split(',').map((text) => {
    const name = MEASUREMENT_NAMES.find((known) => known === text);
    if (!name)
      throw new RangeError(`there is no measurement ${text}; known: ${MEASUREMENT_NAMES.join(', ')}`);
    return name;
  });
}
