// Montgomery words to canonical form, in place. Element: one word.
#import field
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> words: array<u32>;

@compute @workgroup_size(workgroupSize)
fn fromMontgomeryWords(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let word = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  if (word >= params.end) {
    return;
  }
  words[word] = fromMontgomery(words[word]);
}
