// Generated: node --import tsx scripts/generateConstraintShaders.ts, from table "wordMultiply".
// Constraint digest 1:5f1d87a805a0512e4138d1be5ab0aacb7037718c55b6a4071dee33ba0d5bd3fa
// Computes values of one row of a tile; word column * stride + row. Montgomery form. Element: one row.
// Source: docs/spec/proof-system.md, section 4.
#import field
#import dispatch

override workgroupSize: u32;

struct Params {
  start: u32,
  end: u32,
  stride: u32,
  publicWords: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> tile: array<u32>;
@group(0) @binding(2) var<storage, read> matrices: array<u32>;

fn cell(column: u32, row: u32) -> u32 {
  return tile[column * params.stride + row];
}

fn keep(column: u32, row: u32, value: u32) {
  tile[column * params.stride + row] = value;
}

fn piece0(row: u32) {
  let n72 = cell(72u, row);
  let n546 = cell(305u, row);
  let n68 = cell(68u, row);
  let n194 = cell(279u, row);
  let n71 = cell(71u, row);
  let n542 = cell(306u, row);
  let n67 = cell(67u, row);
  let n196 = cell(276u, row);
  let n70 = cell(70u, row);
  let n538 = cell(307u, row);
  let n66 = cell(66u, row);
  let n198 = cell(272u, row);
  let n80 = cell(80u, row);
  let n743 = cell(382u, row);
  let n744 = cell(381u, row);
  let n745 = cell(380u, row);
  let n746 = cell(379u, row);
  let n747 = cell(378u, row);
  let n748 = cell(377u, row);
  let n749 = cell(376u, row);
  let n750 = cell(375u, row);
  let n751 = cell(374u, row);
  let n752 = cell(373u, row);
  let n753 = cell(372u, row);
  let n754 = cell(371u, row);
  let n755 = cell(370u, row);
  let n756 = cell(369u, row);
  let n757 = cell(368u, row);
  let n758 = cell(367u, row);
  let n759 = cell(366u, row);
  let n760 = cell(365u, row);
  let n763 = cell(364u, row);
  let n764 = cell(363u, row);
  let n765 = cell(362u, row);
  let n766 = cell(361u, row);
  let n767 = cell(360u, row);
  let n768 = cell(359u, row);
  let n769 = cell(358u, row);
  let n770 = cell(357u, row);
  let n81 = cell(81u, row);
  let n77 = cell(77u, row);
  let n36 = cell(36u, row);
  let n65 = cell(65u, row);
  let n32 = cell(32u, row);
  let n64 = cell(64u, row);
  let n24 = cell(24u, row);
  let n82 = cell(82u, row);
  let n28 = cell(28u, row);
  let n63 = cell(63u, row);
  let n85 = cell(85u, row);
  let n52 = cell(52u, row);
  let n48 = cell(48u, row);
  let n40 = cell(40u, row);
  let n44 = cell(44u, row);
  let n89 = cell(89u, row);
  let n37 = cell(37u, row);
  let n33 = cell(33u, row);
  let n25 = cell(25u, row);
  let n29 = cell(29u, row);
  let n86 = cell(86u, row);
  let n53 = cell(53u, row);
  let n49 = cell(49u, row);
  let n41 = cell(41u, row);
  let n45 = cell(45u, row);
  let n90 = cell(90u, row);
  let n38 = cell(38u, row);
  let n34 = cell(34u, row);
  let n26 = cell(26u, row);
  let n30 = cell(30u, row);
  let n87 = cell(87u, row);
  let n54 = cell(54u, row);
  let n50 = cell(50u, row);
  let n42 = cell(42u, row);
  let n46 = cell(46u, row);
  let n91 = cell(91u, row);
  let n742 = fieldMultiply(n72, n546);
  let n741 = fieldMultiply(n68, n194);
  let n740 = fieldMultiply(n71, n542);
  let n739 = fieldMultiply(n67, n196);
  let n738 = fieldMultiply(n70, n538);
  let n737 = fieldMultiply(n66, n198);
  let n771 = fieldAdd(n80, n737);
  let n772 = fieldAdd(n738, n771);
  let n773 = fieldAdd(n739, n772);
  let n774 = fieldAdd(n740, n773);
  let n775 = fieldAdd(n741, n774);
  let n776 = fieldAdd(n742, n775);
  let n777 = fieldAdd(n743, n776);
  let n778 = fieldAdd(n744, n777);
  let n779 = fieldAdd(n745, n778);
  let n780 = fieldAdd(n746, n779);
  let n781 = fieldAdd(n747, n780);
  let n782 = fieldAdd(n748, n781);
  let n783 = fieldAdd(n749, n782);
  let n784 = fieldAdd(n750, n783);
  let n785 = fieldAdd(n751, n784);
  let n786 = fieldAdd(n752, n785);
  let n787 = fieldAdd(n753, n786);
  let n788 = fieldAdd(n754, n787);
  let n789 = fieldAdd(n755, n788);
  let n790 = fieldAdd(n756, n789);
  let n791 = fieldAdd(n757, n790);
  let n792 = fieldAdd(n758, n791);
  let n793 = fieldAdd(n759, n792);
  let n794 = fieldAdd(n760, n793);
  let n795 = fieldAdd(n763, n794);
  let n796 = fieldAdd(n764, n795);
  let n797 = fieldAdd(n765, n796);
  let n798 = fieldAdd(n766, n797);
  let n799 = fieldAdd(n767, n798);
  let n800 = fieldAdd(n768, n799);
  let n801 = fieldAdd(n769, n800);
  let n802 = fieldAdd(n770, n801);
  let n803 = fieldMultiply(n81, 134085624u);
  let n804 = fieldAdd(n77, n803);
  let n805 = fieldSubtract(n802, n804);
  keep(383u, row, n805);
  let n809 = fieldMultiply(n36, n65);
  let n808 = fieldMultiply(n32, n64);
  let n806 = fieldMultiply(n24, n82);
  let n807 = fieldMultiply(n28, n63);
  let n810 = fieldAdd(n806, n807);
  let n811 = fieldAdd(n808, n810);
  let n812 = fieldAdd(n809, n811);
  let n813 = fieldSubtract(n85, n812);
  keep(384u, row, n813);
  let n817 = fieldMultiply(n52, n65);
  let n816 = fieldMultiply(n48, n64);
  let n814 = fieldMultiply(n40, n82);
  let n815 = fieldMultiply(n44, n63);
  let n818 = fieldAdd(n814, n815);
  let n819 = fieldAdd(n816, n818);
  let n820 = fieldAdd(n817, n819);
  let n821 = fieldSubtract(n89, n820);
  keep(385u, row, n821);
  let n825 = fieldMultiply(n37, n65);
  let n824 = fieldMultiply(n33, n64);
  let n822 = fieldMultiply(n25, n82);
  let n823 = fieldMultiply(n29, n63);
  let n826 = fieldAdd(n822, n823);
  let n827 = fieldAdd(n824, n826);
  let n828 = fieldAdd(n825, n827);
  let n829 = fieldSubtract(n86, n828);
  keep(386u, row, n829);
  let n833 = fieldMultiply(n53, n65);
  let n832 = fieldMultiply(n49, n64);
  let n830 = fieldMultiply(n41, n82);
  let n831 = fieldMultiply(n45, n63);
  let n834 = fieldAdd(n830, n831);
  let n835 = fieldAdd(n832, n834);
  let n836 = fieldAdd(n833, n835);
  let n837 = fieldSubtract(n90, n836);
  keep(387u, row, n837);
  let n841 = fieldMultiply(n38, n65);
  let n840 = fieldMultiply(n34, n64);
  let n838 = fieldMultiply(n26, n82);
  let n839 = fieldMultiply(n30, n63);
  let n842 = fieldAdd(n838, n839);
  let n843 = fieldAdd(n840, n842);
  let n844 = fieldAdd(n841, n843);
  let n845 = fieldSubtract(n87, n844);
  keep(388u, row, n845);
  let n849 = fieldMultiply(n54, n65);
  let n848 = fieldMultiply(n50, n64);
  let n846 = fieldMultiply(n42, n82);
  let n847 = fieldMultiply(n46, n63);
  let n850 = fieldAdd(n846, n847);
  let n851 = fieldAdd(n848, n850);
  let n852 = fieldAdd(n849, n851);
  let n853 = fieldSubtract(n91, n852);
  keep(389u, row, n853);
}

fn piece1(row: u32) {
  let n39 = cell(39u, row);
  let n65 = cell(65u, row);
  let n35 = cell(35u, row);
  let n64 = cell(64u, row);
  let n27 = cell(27u, row);
  let n82 = cell(82u, row);
  let n31 = cell(31u, row);
  let n63 = cell(63u, row);
  let n88 = cell(88u, row);
  let n55 = cell(55u, row);
  let n51 = cell(51u, row);
  let n43 = cell(43u, row);
  let n47 = cell(47u, row);
  let n92 = cell(92u, row);
  let n61 = cell(61u, row);
  let n83 = cell(83u, row);
  let n62 = cell(62u, row);
  let n66 = cell(66u, row);
  let n67 = cell(67u, row);
  let n68 = cell(68u, row);
  let n69 = cell(69u, row);
  let n85 = cell(85u, row);
  let n86 = cell(86u, row);
  let n87 = cell(87u, row);
  let n78 = cell(78u, row);
  let n79 = cell(79u, row);
  let n80 = cell(80u, row);
  let n81 = cell(81u, row);
  let n857 = fieldMultiply(n39, n65);
  let n856 = fieldMultiply(n35, n64);
  let n854 = fieldMultiply(n27, n82);
  let n855 = fieldMultiply(n31, n63);
  let n858 = fieldAdd(n854, n855);
  let n859 = fieldAdd(n856, n858);
  let n860 = fieldAdd(n857, n859);
  let n861 = fieldSubtract(n88, n860);
  keep(390u, row, n861);
  let n865 = fieldMultiply(n55, n65);
  let n864 = fieldMultiply(n51, n64);
  let n862 = fieldMultiply(n43, n82);
  let n863 = fieldMultiply(n47, n63);
  let n866 = fieldAdd(n862, n863);
  let n867 = fieldAdd(n864, n866);
  let n868 = fieldAdd(n865, n867);
  let n869 = fieldSubtract(n92, n868);
  keep(391u, row, n869);
  let n870 = fieldSubtract(0u, n82);
  keep(392u, row, n870);
  let n872 = fieldAdd(n63, n65);
  keep(393u, row, n872);
  let n874 = fieldMultiply(n61, 536870912u);
  let n875 = fieldAdd(n65, n874);
  keep(394u, row, n875);
  let n876 = fieldMultiply(n83, 536870912u);
  keep(395u, row, n876);
  let n877 = fieldAdd(33554430u, n876);
  keep(396u, row, n877);
  let n878 = fieldMultiply(n62, 536870912u);
  let n879 = fieldAdd(n65, n878);
  keep(397u, row, n879);
  let n880 = fieldAdd(n66, n67);
  let n881 = fieldAdd(n68, n880);
  let n882 = fieldAdd(n69, n881);
  let n884 = fieldMultiply(n882, 16777087u);
  keep(398u, row, n884);
  let n885 = fieldAdd(n85, n86);
  let n886 = fieldAdd(n87, n885);
  let n887 = fieldAdd(n88, n886);
  let n888 = fieldMultiply(16777087u, n887);
  keep(399u, row, n888);
  let n889 = fieldAdd(n78, n79);
  let n890 = fieldAdd(n80, n889);
  let n891 = fieldAdd(n81, n890);
  let n893 = fieldMultiply(n891, 100663290u);
  keep(400u, row, n893);
}

@compute @workgroup_size(workgroupSize)
fn wordMultiplyConstraints1(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
) {
  let row = elementOfInvocation(params.start, id, workgroups, workgroupSize);
  // Touched so that every kernel has the same bindings.
  if (row >= params.end || arrayLength(&matrices) == 0u) {
    return;
  }
  piece0(row);
  piece1(row);
}
