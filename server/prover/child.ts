/** Entry file of the prover process in production: the machine under the published profiles. */
import { serveProver } from '../../kernels/process/child.ts';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import { FINAL, INNER, LEAF } from '../../stark/profile.ts';
import { createProverService } from './service.ts';

await serveProver(createProverService({ systems: [COLONNADE_MACHINE], profiles: [LEAF, INNER, FINAL] }));
