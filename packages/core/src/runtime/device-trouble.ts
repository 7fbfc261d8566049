/**
 * What befalls a device: it is lost (its driver was reset or crashed, it was pulled out), it has no memory left, or it
 * cannot be opened any more.
 */
export type DeviceTrouble = "lost" | "memory" | "gone";

/**
 * What ONNX Runtime 1.30, Dawn, Vulkan, Direct3D and CUDA say. WebGPU's provider only logs what Dawn tells it of a lost
 * device or of memory; what fails next is thrown: reading a result, or binding a buffer that could not be made.
 */
const marks: Readonly<Record<DeviceTrouble, readonly RegExp[]>> = {
  gone: [
    /Failed to get a WebGPU (adapter|device)/,
    /no CUDA-capable device|CUDA driver version is insufficient|driver shutting down|CUDA failure (4|35|100|101)\b/,
    /\b887A0002\b/i, // DXGI_ERROR_NOT_FOUND
  ],
  memory: [
    /out of (device |host |GPU )?memory|OUT_OF_(DEVICE_|HOST_)?MEMORY|CUDA failure 2\b/i,
    /\[Invalid Buffer\b|Failed to create GPU buffer|exceeds the max (storage )?buffer/,
    /Failed to allocate memory for requested buffer|_STATUS_ALLOC_FAILED/,
    /\b8007000E\b|Not enough memory resources/i,
  ],
  lost: [
    /device (instance )?(was |is |has been )?(lost|removed|suspended|hung|reset|destroyed)\b/i,
    /\[Device\b[^\]]*\] is lost|VK_ERROR_DEVICE_LOST|DXGI_ERROR_DEVICE_/,
    /Failed to download data from buffer|Failed to pop WebGPU error scope|Failed to wait for the operation/,
    /\b887A000[567]\b|\b887A0020\b/i, // removed, hung, reset, internal error of the driver
    /CUDA failure (46|214|700|702|709|719|999)\b|CUBLAS_STATUS_(EXECUTION_FAILED|INTERNAL_ERROR)|CUDNN_STATUS_EXECUTION/,
  ],
};

/** What a message of ONNX Runtime says of its device; nothing where it is about something else. */
export function deviceTrouble(message: string): DeviceTrouble | undefined {
  return (["gone", "memory", "lost"] as const).find((trouble) => marks[trouble].some((mark) => mark.test(message)));
}
