import type { DeviceTrouble } from "./device-trouble";
import type { ProviderOptions } from "./providers";
import type { OperationName } from "./tensor-math";

/** The element types that the runtime carries, and what each is kept in. */
export const arrays = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

export type WireType = keyof typeof arrays;
export type WireData = InstanceType<(typeof arrays)[WireType]>;

/** A tensor's elements on their way to or from the worker. Never over a SharedArrayBuffer: ONNX Runtime refuses it. */
export interface WireTensor {
  readonly dtype: WireType;
  readonly shape: readonly number[];
  readonly data: WireData;
}

/** Where a model runs. */
export interface Device {
  /** A provider, or one of its devices: `webgpu`, `cuda:1`. */
  readonly provider: string;
  /** The provider's own, under their names in ONNX Runtime. */
  readonly settings?: ProviderOptions | undefined;
}

/** How ONNX Runtime opens a model. */
export interface OpenOptions extends Device {
  /** Threads inside one operator; all cores without it. */
  readonly threads?: number | undefined;
  readonly disablePrepacking: boolean;
  /** Whether it holds on to the memory of its activations. */
  readonly arena: boolean;
  /** Whether a node that the provider leaves to the CPU is an error. */
  readonly noFallback: boolean;
  /** Whether casts of constants run with the model; without it they are folded when it is opened. */
  readonly castsStay: boolean;
}

/** A model's input or output: its name, and its element type in ONNX Runtime's words. */
export interface PortType {
  readonly name: string;
  readonly type: string;
}

/**
 * What the main thread asks, and what the worker answers. Sessions and values go by ids that the main thread gives,
 * so that whatever is asked next may name them before the answer is there.
 */
export interface Calls {
  /** Names of the providers that this build of ONNX Runtime knows. */
  providers: { ask: Record<string, never>; answer: readonly string[] };
  /** Runs a model of one node on a provider; answers with what is against it. */
  probe: { ask: Device; answer: string | undefined };
  /** Runs a small model once; answers with its outputs as float32. */
  try: {
    ask: Device & {
      readonly model: Uint8Array;
      readonly inputs: Readonly<Record<string, WireTensor>>;
    };
    answer: Readonly<Record<string, Float32Array>>;
  };
  /** Opens a model of one node on a provider, so that what it has compiled stays while other sessions come and go. */
  hold: { ask: Device & { readonly session: number }; answer: undefined };
  /** Channels in a block of the CPU's convolution kernels; nothing where it has none. */
  convolutionBlock: { ask: Record<string, never>; answer: number | undefined };
  open: {
    ask: { readonly session: number; readonly path: string; readonly options: OpenOptions };
    answer: { readonly inputs: readonly PortType[]; readonly outputs: readonly PortType[] };
  };
  run: {
    ask: {
      readonly session: number;
      /** The id of each input's value; a vector of run-time sizes comes as it is. */
      readonly inputs: readonly (readonly [name: string, value: number | readonly number[]])[];
      /** The id that each output gets, and the shape that it must have, where that is known. */
      readonly outputs: readonly (readonly [name: string, value: number, shape: readonly number[] | undefined])[];
    };
    /** Type and shape of each output, in the order asked for, and the seconds spent in ONNX Runtime. */
    answer: { readonly outputs: readonly Omit<WireTensor, "data">[]; readonly seconds: number };
  };
  /** Answers when all that was asked before is done. */
  idle: { ask: Record<string, never>; answer: undefined };
  close: { ask: { readonly sessions: readonly number[] }; answer: undefined };
  read: { ask: { readonly value: number }; answer: WireTensor };
  /** Makes a tensor of some rows of each table, all float32 and of `count` rows: a view where they follow each other. */
  rows: {
    ask: {
      readonly tables: readonly (readonly [table: number, value: number, shape: readonly number[]])[];
      readonly count: number;
      readonly rows: readonly number[];
    };
    answer: undefined;
  };
  compute: {
    ask: {
      readonly operation: OperationName;
      readonly inputs: readonly number[];
      readonly coefficients: readonly number[];
      /** The id of the result; an operation that gives a number needs none. */
      readonly output: number | undefined;
      /** Of the result. */
      readonly shape: readonly number[];
    };
    /** The number, where the operation gives one. */
    answer: { readonly number: number | undefined; readonly seconds: number };
  };
}

export type CallName = keyof Calls;

/** Bytes of tensors that were copied between main memory and the memory of devices. */
export interface Copied {
  readonly toDevice: number;
  readonly toMain: number;
}

/** To the worker. Handled one after the other, in order; only calls are answered. */
export type Message =
  | { readonly kind: "upload"; readonly value: number; readonly tensor: WireTensor }
  | { readonly kind: "drop"; readonly values: readonly number[] }
  | { readonly kind: "call"; readonly call: number; readonly name: CallName; readonly ask: unknown };

/** What befell the device that a call ran on. */
export interface DeviceFailure {
  readonly name: string;
  readonly trouble: DeviceTrouble;
}

/** From the worker. */
export type Reply =
  | { readonly call: number; readonly answer: unknown; readonly copied?: Copied }
  | { readonly call: number; readonly failure: string; readonly device: DeviceFailure | undefined };
