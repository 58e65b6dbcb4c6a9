// Where an invocation stands in a dispatch that the host folded to two dimensions.

/// Element of an invocation: `start` plus its flat index.
fn elementOfInvocation(start: u32, id: vec3<u32>, workgroups: vec3<u32>, size: u32) -> u32 {
  return start + id.y * workgroups.x * size + id.x;
}

/// Element of a workgroup: `start` plus its flat index.
fn elementOfWorkgroup(start: u32, workgroup: vec3<u32>, workgroups: vec3<u32>) -> u32 {
  return start + workgroup.y * workgroups.x + workgroup.x;
}
