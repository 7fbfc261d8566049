import type { DType } from "../src/tensor";

/**
 * Writes diffusers' tensors under the names of the models' authors: the way back of src/single-file, from the tables in
 * the papers' repositories and not from that code.
 */

/** What a safetensors file is written from; without values for files that only look large. */
export interface Stored {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: ArrayBufferView;
}

export type StoredTensors = ReadonlyMap<string, Stored>;

/** The U-Net of latent-diffusion. @param layers residual blocks of a level on the way down */
export function originalUNet(tensors: StoredTensors, layers: number): Map<string, Stored> {
  const has = (module: string): boolean => [...tensors.keys()].some((name) => name.startsWith(module));
  return renamed(tensors, (name) => {
    const [, side, level, kind, layer, rest] =
      /^(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)$/.exec(name) ?? [];
    const first = Number(level) * (layers + 1);
    if (kind === "downsamplers") return `input_blocks.${first + layers + 1}.0.${rest!.replace("conv", "op")}`;
    if (kind === "upsamplers")
      return `output_blocks.${first + layers}.${has(`up_blocks.${level}.attentions.0.`) ? 2 : 1}.${rest}`;
    const block =
      side === "down" ? `input_blocks.${first + Number(layer) + 1}` : `output_blocks.${first + Number(layer)}`;
    if (kind === "attentions") return `${block}.1.${rest}`;
    if (kind === "resnets") return `${block}.0.${residual(rest!)}`;
    const middle = /^mid_block\.(resnets|attentions)\.(\d)\.(.*)$/.exec(name);
    if (middle?.[1] === "attentions") return `middle_block.1.${middle[3]}`;
    if (middle) return `middle_block.${middle[2] === "0" ? 0 : 2}.${residual(middle[3]!)}`;
    return name
      .replace("time_embedding.linear_1", "time_embed.0")
      .replace("time_embedding.linear_2", "time_embed.2")
      .replace("add_embedding.linear_1", "label_emb.0.0")
      .replace("add_embedding.linear_2", "label_emb.0.2")
      .replace("conv_in", "input_blocks.0.0")
      .replace("conv_norm_out", "out.0")
      .replace("conv_out", "out.2");
  });
}

function residual(part: string): string {
  return part
    .replace("norm1", "in_layers.0")
    .replace("conv1", "in_layers.2")
    .replace("time_emb_proj", "emb_layers.1")
    .replace("norm2", "out_layers.0")
    .replace("conv2", "out_layers.3")
    .replace("conv_shortcut", "skip_connection");
}

/** The autoencoder of latent-diffusion: levels of the decoder counted the other way, attention over single pixels. */
export function originalVae(tensors: StoredTensors): Map<string, Stored> {
  const levels = 1 + Math.max(...[...tensors.keys()].map((name) => Number(/up_blocks\.(\d+)/.exec(name)?.[1] ?? 0)));
  const attention: Record<string, string> = {
    group_norm: "norm",
    to_q: "q",
    to_k: "k",
    to_v: "v",
    "to_out.0": "proj_out",
  };
  const result = renamed(tensors, (name) =>
    name
      .replace(/mid_block\.resnets\.(\d)/, (_, i) => `mid.block_${Number(i) + 1}`)
      .replace(
        /mid_block\.attentions\.0\.(group_norm|to_q|to_k|to_v|to_out\.0)/,
        (_, part) => `mid.attn_1.${attention[part]}`,
      )
      .replace(/down_blocks\.(\d+)\.resnets/, "down.$1.block")
      .replace(/down_blocks\.(\d+)\.downsamplers\.0/, "down.$1.downsample")
      .replace(/up_blocks\.(\d+)\.resnets/, (_, i) => `up.${levels - 1 - Number(i)}.block`)
      .replace(/up_blocks\.(\d+)\.upsamplers\.0/, (_, i) => `up.${levels - 1 - Number(i)}.upsample`)
      .replace("conv_shortcut", "nin_shortcut")
      .replace("conv_norm_out", "norm_out"),
  );
  for (const [name, tensor] of result)
    if (/attn_1\.(q|k|v|proj_out)\.weight$/.test(name)) result.set(name, { ...tensor, shape: [...tensor.shape, 1, 1] });
  return result;
}

/** A text encoder of open_clip. */
export function openClip(tensors: StoredTensors): Map<string, Stored> {
  const result = new Map<string, Stored>();
  for (const [full, tensor] of tensors) {
    const name = full.replace(/^text_model\./, "");
    const [, layer, part] = /^encoder\.layers\.(\d+)\.(.*)$/.exec(name) ?? [];
    const block = `transformer.resblocks.${layer}`;
    const [, letter, kind] = /^self_attn\.([qkv])_proj\.(weight|bias)$/.exec(part ?? "") ?? [];
    if (letter === "q") {
      const others = ["q", "k", "v"].map((other) => tensors.get(full.replace("q_proj", `${other}_proj`))!);
      result.set(`${block}.attn.in_proj_${kind}`, stacked(others));
    } else if (part !== undefined && letter === undefined)
      result.set(
        `${block}.${part.replace("layer_norm", "ln_").replace("self_attn", "attn").replace("fc1", "c_fc").replace("fc2", "c_proj")}`,
        tensor,
      );
    else if (name === "text_projection.weight") result.set("text_projection", turned(tensor));
    else if (letter === undefined)
      result.set(
        name
          .replace("embeddings.token_embedding", "token_embedding")
          .replace("embeddings.position_embedding.weight", "positional_embedding")
          .replace("final_layer_norm", "ln_final"),
        tensor,
      );
  }
  return result;
}

/** FLUX.1 as its authors have it: queries, keys and values in one tensor, shift before scale in the last norm. */
export function originalFlux(tensors: StoredTensors): Map<string, Stored> {
  const result = new Map<string, Stored>();
  const of = (module: string, kind: string): Stored => tensors.get(`${module}.${kind}`)!;
  for (const kind of ["weight", "bias"]) {
    const move = (from: string, to: string): unknown =>
      tensors.has(`${from}.${kind}`) && result.set(`${to}.${kind}`, of(from, kind));
    move("x_embedder", "img_in");
    move("context_embedder", "txt_in");
    for (const [from, to] of [
      ["timestep", "time"],
      ["text", "vector"],
      ["guidance", "guidance"],
    ])
      for (const [i, part] of ["in_layer", "out_layer"].entries())
        move(`time_text_embed.${from}_embedder.linear_${i + 1}`, `${to}_in.${part}`);
    move("proj_out", "final_layer.linear");
    const [scale, shift] = halves(of("norm_out.linear", kind));
    result.set(`final_layer.adaLN_modulation.1.${kind}`, stacked([shift, scale]));
    for (let i = 0; tensors.has(`transformer_blocks.${i}.attn.to_q.weight`); i++) {
      const [from, to] = [`transformer_blocks.${i}`, `double_blocks.${i}`];
      const fuse = (names: readonly string[], name: string): unknown =>
        result.set(`${to}.${name}.${kind}`, stacked(names.map((part) => of(`${from}.attn.${part}`, kind))));
      fuse(["to_q", "to_k", "to_v"], "img_attn.qkv");
      fuse(["add_q_proj", "add_k_proj", "add_v_proj"], "txt_attn.qkv");
      move(`${from}.attn.to_out.0`, `${to}.img_attn.proj`);
      move(`${from}.attn.to_add_out`, `${to}.txt_attn.proj`);
      move(`${from}.norm1.linear`, `${to}.img_mod.lin`);
      move(`${from}.norm1_context.linear`, `${to}.txt_mod.lin`);
      for (const [part, mlp] of [
        ["ff", "img_mlp"],
        ["ff_context", "txt_mlp"],
      ]) {
        move(`${from}.${part}.net.0.proj`, `${to}.${mlp}.0`);
        move(`${from}.${part}.net.2`, `${to}.${mlp}.2`);
      }
    }
    for (let i = 0; tensors.has(`single_transformer_blocks.${i}.proj_mlp.weight`); i++) {
      const [from, to] = [`single_transformer_blocks.${i}`, `single_blocks.${i}`];
      const parts = ["attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"].map((part) => of(`${from}.${part}`, kind));
      result.set(`${to}.linear1.${kind}`, stacked(parts));
      move(`${from}.proj_out`, `${to}.linear2`);
      move(`${from}.norm.linear`, `${to}.modulation.lin`);
    }
  }
  const norms = [
    [/^transformer_blocks\.(\d+)\.attn\.norm_([qk])\.weight$/, "double_blocks.$1.img_attn.norm.$2_norm.scale"],
    [/^transformer_blocks\.(\d+)\.attn\.norm_added_([qk])\.weight$/, "double_blocks.$1.txt_attn.norm.$2_norm.scale"],
    [/^single_transformer_blocks\.(\d+)\.attn\.norm_([qk])\.weight$/, "single_blocks.$1.norm.$2_norm.scale"],
  ] as const;
  for (const [name, tensor] of tensors)
    for (const [from, to] of norms)
      if (from.test(name))
        result.set(name.replace(from, to).replace("q_norm", "query_norm").replace("k_norm", "key_norm"), tensor);
  return result;
}

/** Z-Image as ComfyUI has it. */
export function originalZImage(tensors: StoredTensors): Map<string, Stored> {
  const result = new Map<string, Stored>();
  for (const [name, tensor] of tensors) {
    const [, query] = /^(.*\.attention)\.to_q\.weight$/.exec(name) ?? [];
    if (query !== undefined)
      result.set(
        `${query}.qkv.weight`,
        stacked(["q", "k", "v"].map((part) => tensors.get(`${query}.to_${part}.weight`)!)),
      );
    else if (!/\.attention\.to_[kv]\.weight$/.test(name))
      result.set(
        name
          .replace("all_x_embedder.2-1", "x_embedder")
          .replace("all_final_layer.2-1", "final_layer")
          .replace(".attention.to_out.0.", ".attention.out.")
          .replace(/\.attention\.norm_([qk])\./, ".attention.$1_norm."),
        tensor,
      );
  }
  return result;
}

/** Qwen-Image's autoencoder as Wan's authors have it: the blocks of each half in one list. */
export function originalWanVae(tensors: StoredTensors): Map<string, Stored> {
  const blocks = [...tensors.keys()].filter((name) =>
    /^decoder\.up_blocks\.0\.resnets\.\d+\.conv1\.bias$/.test(name),
  ).length;
  const parts: Record<string, string> = {
    norm1: "residual.0",
    conv1: "residual.2",
    norm2: "residual.3",
    conv2: "residual.6",
    conv_shortcut: "shortcut",
  };
  return renamed(tensors, (name) =>
    name
      .replace(/^quant_conv/, "conv1")
      .replace(/^post_quant_conv/, "conv2")
      .replace(/\b(norm1|conv1|norm2|conv2|conv_shortcut)(?=\.\w+$)/, (part) =>
        name.includes("quant") ? part : parts[part]!,
      )
      .replace("conv_in", "conv1")
      .replace("norm_out", "head.0")
      .replace("conv_out", "head.2")
      .replace(/mid_block\.resnets\.(\d)/, (_, i) => `middle.${2 * Number(i)}`)
      .replace("mid_block.attentions.0", "middle.1")
      .replace("encoder.down_blocks", "encoder.downsamples")
      .replace(
        /decoder\.up_blocks\.(\d+)\.resnets\.(\d+)/,
        (_, level, i) => `decoder.upsamples.${Number(level) * (blocks + 1) + Number(i)}`,
      )
      .replace(
        /decoder\.up_blocks\.(\d+)\.upsamplers\.0/,
        (_, level) => `decoder.upsamples.${Number(level) * (blocks + 1) + blocks}`,
      ),
  );
}

/** Qwen2.5-VL as transformers has it in memory since 4.52. */
export function nestedQwenVl(tensors: StoredTensors): Map<string, Stored> {
  return renamed(tensors, (name) =>
    name.replace(/^model\./, "model.language_model.").replace(/^visual\./, "model.visual."),
  );
}

export function withPrefix(prefix: string, tensors: StoredTensors): Map<string, Stored> {
  return renamed(tensors, (name) => prefix + name);
}

function renamed(tensors: StoredTensors, to: (name: string) => string): Map<string, Stored> {
  return new Map([...tensors].map(([name, tensor]) => [to(name), tensor]));
}

function bytesOf({ bytes }: Stored): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Tensors one after the other along the first axis. */
export function stacked(parts: readonly Stored[]): Stored {
  const [first] = parts;
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return { ...first!, shape: [rows, ...first!.shape.slice(1)], bytes: Buffer.concat(parts.map(bytesOf)) };
}

export function halves(tensor: Stored): [Stored, Stored] {
  const bytes = bytesOf(tensor);
  const shape = [tensor.shape[0]! / 2, ...tensor.shape.slice(1)];
  const half = bytes.length / 2;
  return [
    { ...tensor, shape, bytes: bytes.subarray(0, half) },
    { ...tensor, shape, bytes: bytes.subarray(half) },
  ];
}

/** The transpose of a float32 matrix. */
function turned({ shape, ...tensor }: Stored): Stored {
  const [rows, columns] = shape as [number, number];
  const bytes = bytesOf({ shape, ...tensor });
  if (bytes.length === 0) return { ...tensor, shape: [columns, rows] };
  const result = Buffer.alloc(bytes.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      bytes.copy(result, 4 * (column * rows + row), 4 * (row * columns + column), 4 * (row * columns + column + 1));
  return { ...tensor, shape: [columns, rows], bytes: result };
}
