/**
 * What a process that opens a device inherits of its parent's environment: what Node, Vulkan's loader, Dawn and the drivers read. The
 * parent may hold passwords of databases and stores, which are no business of a driver.
 */

/** By name. Names, not prefixes, where a prefix is also that of keys and tokens. */
const NAMES: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TMP',
  'TEMP',
  // Dynamic linkers.
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'DYLD_LIBRARY_PATH',
  'DYLD_FALLBACK_LIBRARY_PATH',
  // Windows.
  'SYSTEMROOT',
  'SYSTEMDRIVE',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'APPDATA',
  'LOCALAPPDATA',
  'PROGRAMDATA',
  'USERPROFILE',
  // Node.
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_ENV',
  'NODE_V8_COVERAGE',
  'NODE_NO_WARNINGS',
  'NODE_COMPILE_CACHE',
  'NODE_DISABLE_COMPILE_CACHE',
  'UV_THREADPOOL_SIZE',
  // Displays: some drivers ask them for a device.
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  // Drivers.
  'DRI_PRIME',
  'LP_NUM_THREADS',
  'AMD_DEBUG',
  'AMD_VULKAN_ICD',
  'RADV_DEBUG',
  'RADV_PERFTEST',
  'INTEL_DEBUG',
  'ANV_DEBUG',
  'NVIDIA_VISIBLE_DEVICES',
  'NVIDIA_DRIVER_CAPABILITIES',
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'CUDA_CACHE_PATH',
  '__NV_PRIME_RENDER_OFFLOAD',
  '__GLX_VENDOR_LIBRARY_NAME',
  '__GL_SHADER_DISK_CACHE_PATH',
]);

const PREFIXES = ['VK_', 'MESA_', 'LIBGL_', 'GALLIUM_', 'DAWN_', 'XDG_', 'LC_', 'TSX_'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Names count in any case, as on Windows. */
export function deviceEnvironment(own: Environment): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    const upper = name.toUpperCase();
    const isNeeded = NAMES.has(upper) || PREFIXES.some((prefix) => upper.startsWith(prefix));
    if (isNeeded && value !== undefined) inherited[name] = value;
  }
  return inherited;
}
