import { halves, type Stored, type StoredTensors, stacked } from "./original-names";

/** MMDiT of Stable Diffusion 3: queries, keys and values in one, shift before scale. */
export function originalSd3(tensors: StoredTensors): Map<string, Stored> {
  const { move, fuse, result, of } = renamer(tensors);
  move("pos_embed.pos_embed", "pos_embed");
  move("pos_embed.proj", "x_embedder.proj");
  for (const [i, part] of [1, 2].entries()) {
    move(`time_text_embed.timestep_embedder.linear_${part}`, `t_embedder.mlp.${2 * i}`);
    move(`time_text_embed.text_embedder.linear_${part}`, `y_embedder.mlp.${2 * i}`);
  }
  move("context_embedder", "context_embedder");
  const count = blocksIn(tensors);
  for (let i = 0; i < count; i++) {
    const [from, to] = [`transformer_blocks.${i}`, `joint_blocks.${i}`];
    for (const [attention, names] of [
      ["x_block.attn", ["attn.to_q", "attn.to_k", "attn.to_v"]],
      ["context_block.attn", ["attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"]],
      ["x_block.attn2", ["attn2.to_q", "attn2.to_k", "attn2.to_v"]],
    ] as const)
      fuse(
        names.map((name) => `${from}.${name}`),
        `${to}.${attention}.qkv`,
      );
    for (const letter of ["q", "k"]) {
      move(`${from}.attn.norm_${letter}`, `${to}.x_block.attn.ln_${letter}`);
      move(`${from}.attn.norm_added_${letter}`, `${to}.context_block.attn.ln_${letter}`);
      move(`${from}.attn2.norm_${letter}`, `${to}.x_block.attn2.ln_${letter}`);
    }
    move(`${from}.attn.to_out.0`, `${to}.x_block.attn.proj`);
    move(`${from}.attn2.to_out.0`, `${to}.x_block.attn2.proj`);
    move(`${from}.attn.to_add_out`, `${to}.context_block.attn.proj`);
    move(`${from}.norm1.linear`, `${to}.x_block.adaLN_modulation.1`);
    if (i < count - 1) move(`${from}.norm1_context.linear`, `${to}.context_block.adaLN_modulation.1`);
    for (const [part, stream] of [
      ["ff", "x_block"],
      ["ff_context", "context_block"],
    ])
      for (const [name, layer] of [
        ["net.0.proj", "fc1"],
        ["net.2", "fc2"],
      ])
        move(`${from}.${part}.${name}`, `${to}.${stream}.mlp.${layer}`);
  }
  move("proj_out", "final_layer.linear");
  for (const kind of ["weight", "bias"])
    for (const [from, to] of [
      [`transformer_blocks.${count - 1}.norm1_context.linear`, `joint_blocks.${count - 1}.context_block`],
      ["norm_out.linear", "final_layer"],
    ]) {
      const [scale, shift] = halves(of(from!, kind)!);
      result.set(`${to}.adaLN_modulation.1.${kind}`, stacked([shift, scale]));
    }
  return result;
}

/** FLUX.2: queries, keys and values in one, one modulation for all blocks, shift before scale at the end. */
export function originalFlux2(tensors: StoredTensors): Map<string, Stored> {
  const { move, fuse, result, of } = renamer(tensors);
  move("x_embedder", "img_in");
  move("context_embedder", "txt_in");
  for (const [from, to] of [
    ["timestep_embedder", "time_in"],
    ["guidance_embedder", "guidance_in"],
  ])
    for (const [i, layer] of ["in_layer", "out_layer"].entries())
      move(`time_guidance_embed.${from}.linear_${i + 1}`, `${to}.${layer}`);
  for (const name of ["double_stream_modulation_img", "double_stream_modulation_txt", "single_stream_modulation"])
    move(`${name}.linear`, `${name}.lin`);
  const renameNorm = (from: string, to: string): unknown => result.set(`${to}.scale`, of(from, "weight")!);
  for (let i = 0; i < blocksIn(tensors); i++) {
    const [from, to] = [`transformer_blocks.${i}`, `double_blocks.${i}`];
    for (const [stream, names, norm, out, mlp] of [
      ["img", ["to_q", "to_k", "to_v"], "norm", "to_out.0", "ff"],
      ["txt", ["add_q_proj", "add_k_proj", "add_v_proj"], "norm_added", "to_add_out", "ff_context"],
    ] as const) {
      fuse(
        names.map((name) => `${from}.attn.${name}`),
        `${to}.${stream}_attn.qkv`,
      );
      renameNorm(`${from}.attn.${norm}_q`, `${to}.${stream}_attn.norm.query_norm`);
      renameNorm(`${from}.attn.${norm}_k`, `${to}.${stream}_attn.norm.key_norm`);
      move(`${from}.attn.${out}`, `${to}.${stream}_attn.proj`);
      move(`${from}.${mlp}.linear_in`, `${to}.${stream}_mlp.0`);
      move(`${from}.${mlp}.linear_out`, `${to}.${stream}_mlp.2`);
    }
  }
  for (let i = 0; tensors.has(`single_transformer_blocks.${i}.attn.to_out.weight`); i++) {
    const [from, to] = [`single_transformer_blocks.${i}.attn`, `single_blocks.${i}`];
    move(`${from}.to_qkv_mlp_proj`, `${to}.linear1`);
    move(`${from}.to_out`, `${to}.linear2`);
    renameNorm(`${from}.norm_q`, `${to}.norm.query_norm`);
    renameNorm(`${from}.norm_k`, `${to}.norm.key_norm`);
  }
  move("proj_out", "final_layer.linear");
  const [scale, shift] = halves(of("norm_out.linear", "weight")!);
  result.set("final_layer.adaLN_modulation.1.weight", stacked([shift, scale]));
  return result;
}

/** PixArt: its blocks as DiT's, with keys and values of the prompt in one. */
export function originalPixArt(tensors: StoredTensors): Map<string, Stored> {
  const { move, fuse, result } = renamer(tensors);
  move("pos_embed.proj", "x_embedder.proj");
  for (const [from, to] of [
    ["timestep", "t"],
    ["resolution", "csize"],
    ["aspect_ratio", "ar"],
  ])
    for (const i of [0, 1]) move(`adaln_single.emb.${from}_embedder.linear_${i + 1}`, `${to}_embedder.mlp.${2 * i}`);
  move("adaln_single.linear", "t_block.1");
  move("caption_projection.linear_1", "y_embedder.y_proj.fc1");
  move("caption_projection.linear_2", "y_embedder.y_proj.fc2");
  for (let i = 0; i < blocksIn(tensors); i++) {
    const [from, to] = [`transformer_blocks.${i}`, `blocks.${i}`];
    result.set(`${to}.scale_shift_table`, tensors.get(`${from}.scale_shift_table`)!);
    fuse(
      ["q", "k", "v"].map((letter) => `${from}.attn1.to_${letter}`),
      `${to}.attn.qkv`,
    );
    move(`${from}.attn1.to_out.0`, `${to}.attn.proj`);
    move(`${from}.attn2.to_q`, `${to}.cross_attn.q_linear`);
    fuse([`${from}.attn2.to_k`, `${from}.attn2.to_v`], `${to}.cross_attn.kv_linear`);
    move(`${from}.attn2.to_out.0`, `${to}.cross_attn.proj`);
    move(`${from}.ff.net.0.proj`, `${to}.mlp.fc1`);
    move(`${from}.ff.net.2`, `${to}.mlp.fc2`);
  }
  result.set("final_layer.scale_shift_table", tensors.get("scale_shift_table")!);
  move("proj_out", "final_layer.linear");
  return result;
}

/** Text encoders as llama.cpp's converter names them; a tied copy of T5's table is left out. */
export function llamaCpp(tensors: StoredTensors): Map<string, Stored> {
  const pairs: readonly (readonly [RegExp, string])[] = [
    [/^shared\./, "token_embd."],
    [/^encoder\.block\.(\d+)\.layer\.0\.SelfAttention\.relative_attention_bias\./, "enc.blk.$1.attn_rel_b."],
    [/^encoder\.block\.(\d+)\.layer\.0\.SelfAttention\./, "enc.blk.$1.attn_"],
    [/^encoder\.block\.(\d+)\.layer\.0\.layer_norm\./, "enc.blk.$1.attn_norm."],
    [/^encoder\.block\.(\d+)\.layer\.1\.DenseReluDense\.wi_0\./, "enc.blk.$1.ffn_gate."],
    [/^encoder\.block\.(\d+)\.layer\.1\.DenseReluDense\.wi_1\./, "enc.blk.$1.ffn_up."],
    [/^encoder\.block\.(\d+)\.layer\.1\.DenseReluDense\.wo\./, "enc.blk.$1.ffn_down."],
    [/^encoder\.block\.(\d+)\.layer\.1\.layer_norm\./, "enc.blk.$1.ffn_norm."],
    [/^encoder\.final_layer_norm\./, "enc.output_norm."],
    [/^(?:model\.)?embed_tokens\./, "token_embd."],
    [/^(?:model\.)?norm\./, "output_norm."],
    [/^(?:model\.)?layers\.(\d+)\.self_attn\.o_proj\./, "blk.$1.attn_output."],
    [/^(?:model\.)?layers\.(\d+)\.self_attn\.([qkv])_proj\./, "blk.$1.attn_$2."],
    [/^(?:model\.)?layers\.(\d+)\.self_attn\.([qk])_norm\./, "blk.$1.attn_$2_norm."],
    [/^(?:model\.)?layers\.(\d+)\.input_layernorm\./, "blk.$1.attn_norm."],
    [/^(?:model\.)?layers\.(\d+)\.post_attention_layernorm\./, "blk.$1.ffn_norm."],
    [/^(?:model\.)?layers\.(\d+)\.mlp\.(gate|up|down)_proj\./, "blk.$1.ffn_$2."],
  ];
  return new Map(
    [...tensors]
      .filter(([name]) => name !== "encoder.embed_tokens.weight")
      .map(([name, tensor]) => [pairs.reduce((text, [from, to]) => text.replace(from, to), name), tensor]),
  );
}

function blocksIn(tensors: StoredTensors): number {
  return (
    1 + Math.max(...[...tensors.keys()].map((name) => Number(/^transformer_blocks\.(\d+)\./.exec(name)?.[1] ?? -1)))
  );
}

interface Renamer {
  readonly result: Map<string, Stored>;
  of(module: string, kind: string): Stored | undefined;
  /** A tensor, or a module's weight and bias; nothing where there is none. */
  move(from: string, to: string): void;
  fuse(from: readonly string[], to: string): void;
}

function renamer(tensors: StoredTensors): Renamer {
  const result = new Map<string, Stored>();
  const of: Renamer["of"] = (module, kind) => tensors.get(kind === "" ? module : `${module}.${kind}`);
  const each = (from: readonly string[], to: string): void => {
    for (const kind of ["", "weight", "bias"]) {
      const parts = from.flatMap((module) => of(module, kind) ?? []);
      if (parts.length > 0)
        result.set(kind === "" ? to : `${to}.${kind}`, parts.length > 1 ? stacked(parts) : parts[0]!);
    }
  };
  return { result, of, move: (from, to) => each([from], to), fuse: each };
}
