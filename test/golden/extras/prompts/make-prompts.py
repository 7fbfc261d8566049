"""Makes right values of weighted prompts, long prompts and textual inversions, on the pipelines of the golden data.

usage: make-prompts.py      needs torch 2.13, diffusers 0.42.1, transformers 5.24, compel 2.5.1

compel's are the package's own. What A1111 and ComfyUI make of brackets is written down here, as their parsers give it
(prompt_parser.parse_prompt_attention of stable-diffusion-webui 1.10, comfy.sd1_clip.token_weights); tokens, chunks and
states follow by the rules that docs/models.md tells.
"""

import json
from pathlib import Path

import diffusers
import torch
from compel import Compel, CompelForSDXL, ReturnedEmbeddingsType
from safetensors.torch import save_file

here = Path(__file__).parent
cases, tensors = [], {}


def pipe_of(name, cls):
    return cls.from_pretrained(here.parent.parent / "pipelines" / name)


sd15 = pipe_of("sd15", diffusers.StableDiffusionPipeline)
sdxl = pipe_of("sdxl", diffusers.StableDiffusionXLPipeline)
sd3 = pipe_of("sd3", diffusers.StableDiffusion3Pipeline)


class Encoder:
    """One CLIP and its tokenizer. state: -1 after the final norm, -2 the one before the last layer."""

    def __init__(self, tokenizer, model, state):
        self.tokenizer, self.model, self.state = tokenizer, model, state
        self.room = tokenizer.model_max_length - 2

    def ids(self, text):
        return self.tokenizer(text, add_special_tokens=False, truncation=False)["input_ids"]

    def rows(self, chunk):
        bos, eos, pad = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id, self.tokenizer.pad_token_id
        return [bos, *chunk, eos, *[pad] * (self.room - len(chunk))]

    def run(self, chunk):
        with torch.no_grad():
            out = self.model(torch.tensor([self.rows(chunk)]), output_hidden_states=True)
        pooled = out.text_embeds if hasattr(out, "text_embeds") else out.pooler_output
        return (out.last_hidden_state if self.state == -1 else out.hidden_states[-2])[0], pooled[0]


clip = {
    "sd15": [Encoder(sd15.tokenizer, sd15.text_encoder, -1)],
    "sdxl": [Encoder(sdxl.tokenizer, sdxl.text_encoder, -2), Encoder(sdxl.tokenizer_2, sdxl.text_encoder_2, -2)],
    "sd3": [Encoder(sd3.tokenizer, sd3.text_encoder, -2), Encoder(sd3.tokenizer_2, sd3.text_encoder_2, -2)],
}


def with_commas(pairs, comma, room):
    """A1111's chunks: what stands behind a comma among the last 20 tokens goes into the next one."""
    chunks, current, last = [], [], None
    for pair in pairs:
        if pair[0] == comma:
            last = len(current)
        elif len(current) == room and last is not None and len(current) - last <= 20:
            chunks.append(current[: last + 1])
            current, last = current[last + 1 :], None
        if len(current) == room:
            chunks.append(current)
            current, last = [], None
        current.append(pair)
    return [*chunks, current] if current or not chunks else chunks


def whole_words(words, room):
    """ComfyUI's: a word of fewer than eight tokens is not parted."""
    chunks = [[]]
    for word in words:
        if len(word) < 8:
            if len(chunks[-1]) + len(word) > room:
                chunks.append([])
            chunks[-1] += word
            continue
        while word:
            free = room - len(chunks[-1])
            chunks[-1] += word[:free]
            word = word[free:]
            if word:
                chunks.append([])
    return chunks


def chunks_of(encoder, rule, parts, chunked):
    if rule == "comfyui":
        fragments = [(word, weight) for text, weight in parts[0] for word in text.split()]
        words = [[(i, weight) for i in encoder.ids(word)] for word, weight in fragments]
        return whole_words(words, encoder.room) if chunked else [sum(words, [])[: encoder.room]]
    result = []
    for part in parts:
        pairs = [(i, weight) for text, weight in part for i in encoder.ids(text)]
        comma = encoder.tokenizer.get_vocab()[",</w>"]
        if not chunked:
            result.append(pairs[: encoder.room])
        elif rule == "a1111":
            result += with_commas(pairs, comma, encoder.room)
        else:
            result += [pairs[i : i + encoder.room] for i in range(0, max(1, len(pairs)), encoder.room)]
    return result


def written(model, rule, parts, chunked):
    """A1111's states, ComfyUI's, or plain ones, encoder by encoder."""
    read = [chunks_of(encoder, rule, parts, chunked) for encoder in clip[model]]
    states, pooled = [], []
    for encoder, chunks in zip(clip[model], read):
        pooled.append(encoder.run([i for i, _ in chunks[0]])[1])
        states.append([])
        for chunk in chunks:
            plain = encoder.run([i for i, _ in chunk])[0]
            weights = torch.tensor([1.0, *[w for _, w in chunk], *[1.0] * (encoder.room - len(chunk) + 1)])[:, None]
            states[-1].append((plain, weights, encoder.run([])[0]))
    if rule == "comfyui":
        hidden = [torch.cat([torch.where(w == 1, z, (z - empty) * w + empty) for z, w, empty in one]) for one in states]
    elif rule == "a1111":
        groups = [states] if model == "sd3" else [[one] for one in states]
        hidden = []
        for group in groups:
            factors = [
                torch.cat([one[c][0].flatten() for one in group]).double().mean()
                / torch.cat([(one[c][0] * one[c][1]).flatten() for one in group]).double().mean()
                for c in range(len(group[0]))
            ]
            hidden += [torch.cat([z * w * f for (z, w, _), f in zip(one, factors)]).float() for one in group]
    else:
        hidden = [torch.cat([z for z, _, _ in one]) for one in states]
    return hidden, pooled


def add(model, rule, prompt, hidden, pooled, chunked=False, **more):
    name = str(len(cases))
    cases.append({"model": model, "prompt_weighting": rule, "long_prompts": "chunks" if chunked else "truncate", "prompt": prompt, **more})
    for i, (states, end) in enumerate(zip(hidden, pooled)):
        tensors[f"{name}.{i}.hidden"] = states.contiguous().clone()
        tensors[f"{name}.{i}.pooled"] = end.contiguous().clone()


a1111 = [
    ("a (red:1.3) heart", [[["a ", 1], ["red", 1.3], [" heart", 1]]]),
    ("((slightly) smiling:0.7) [cat] \\(face\\)", [[["slightly", 1.1 * 0.7], [" smiling", 0.7], [" ", 1], ["cat", 1 / 1.1], [" (face)", 1]]]),
    ("red heart BREAK a (white:1.5) house", [[["red heart", 1]], [["a ", 1], ["white", 1.5], [" house", 1]]]),
    ("(unbalanced [red", [[["unbalanced ", 1.1], ["red", 1.1 * (1 / 1.1)]]]),
]
for model in ["sd15", "sdxl", "sd3"]:
    for prompt, parts in a1111 if model == "sd15" else a1111[:2]:
        add(model, "a1111", prompt, *written(model, "a1111", parts, False))
long = "red heart, white house, smiling cat face, Japanese arrow, (white:1.2) building of (pine, ship:0.8)"
long_parts = [["red heart, white house, smiling cat face, Japanese arrow, ", 1], ["white", 1.2], [" building of ", 1], ["pine, ship", 0.8]]
for model in ["sd15", "sdxl"]:
    add(model, "a1111", long, *written(model, "a1111", [long_parts], True), chunked=True)
add("sd15", "a1111", long, *written("sd15", "a1111", [long_parts], False))

comfyui = [
    ("a (red:1.3) heart", [["a ", 1], ["red", 1.3], [" heart", 1]]),
    ("((slightly) smiling:0.7) [cat] \\(face\\)", [["slightly", 0.7 * 1.1], [" smiling", 0.7], [" [cat] (face)", 1]]),
]
for model in ["sd15", "sdxl"]:
    for prompt, parts in comfyui:
        add(model, "comfyui", prompt, *written(model, "comfyui", [parts], False))
add("sd15", "comfyui", long, *written("sd15", "comfyui", [long_parts], True), chunked=True)

for model in ["sd15", "sdxl"]:
    plain = long.replace("(white:1.2)", "white").replace("(pine, ship:0.8)", "pine, ship")
    add(model, "none", plain, *written(model, "none", [[[plain, 1]]], True), chunked=True)

compel = [
    "a red++ heart",
    "(slightly smiling)1.3 cat- face",
    "a (red heart)0.5 and (white house)0.2, \"smiling cat\"1.2",
    '("red heart", "white+ house").blend(0.7, 0.3)',
    '("red heart", "smiling cat").blend(1, 0.5, no_normalize)',
    '("red heart", "a white- house").and(1, 0.6)',
]
sd_compel = {flag: Compel(tokenizer=sd15.tokenizer, text_encoder=sd15.text_encoder, truncate_long_prompts=not flag) for flag in [False, True]}
for prompt in compel:
    add("sd15", "compel", prompt, [sd_compel[False](prompt)[0]], [])
sentences = "red heart. white house, smiling cat face. Japanese arrow, (white)1.2 building of (pine, ship and red heart face arrow of smiling)0.6 heart"
for chunked in [False, True]:
    add("sd15", "compel", sentences, [sd_compel[chunked](sentences)[0]], [], chunked=chunked)
two = ["a red++ heart", sentences]
both = sd_compel[True](two)
for i in range(2):
    add("sd15", "compel", two, [both[i]], [], chunked=True, row=i)
xl = CompelForSDXL(sdxl)
widths = [sdxl.text_encoder.config.hidden_size, sdxl.text_encoder_2.config.hidden_size]
for prompt in [*compel[:3], sentences]:
    out = xl(prompt)
    hidden = list(out.embeds[0].split(widths, dim=-1))
    # The package sums up what is written; the first encoder's sum is nobody's.
    add("sdxl", "compel", prompt, hidden, [torch.zeros(0), out.pooled_embeds[0]], chunked=True)

# Textual inversions, by diffusers.
draw = torch.Generator().manual_seed(5)
vectors = lambda *shape: torch.randn(*shape, generator=draw) * 0.5
files = {
    "learned_embeds": {"<cat-toy>": vectors(32)},
    "many": {"emb_params": vectors(3, 32)},
    "pair": {"clip_l": vectors(2, 16), "clip_g": vectors(2, 32)},
    "wide": {"emb_params": vectors(1, 40)},
}
for name, content in files.items():
    save_file(content, here / f"{name}.safetensors")
sd15.load_textual_inversion(str(here / "learned_embeds.safetensors"))
sd15.load_textual_inversion(str(here / "many.safetensors"), token="<style>")
for prompt in ["a <cat-toy> in red", "smiling <STYLE>, white house <cat-toy>", "<style> <style> <style> <style> <style> heart"]:
    hidden, _ = sd15.encode_prompt(prompt.replace("STYLE", "style"), "cpu", 1, False)
    add("sd15", "none", prompt, [hidden[0]], [], textual_inversions=[{"path": "learned_embeds.safetensors"}, {"path": "many.safetensors", "token": "<style>"}])
for part, tokenizer, encoder in [("clip_l", sdxl.tokenizer, sdxl.text_encoder), ("clip_g", sdxl.tokenizer_2, sdxl.text_encoder_2)]:
    sdxl.load_textual_inversion(files["pair"][part], token=["<s0>", "<s1>"], tokenizer=tokenizer, text_encoder=encoder)
for prompt in ["a heart in <s0><s1>", "white house"]:
    hidden, _, pooled, _ = sdxl.encode_prompt(prompt, device="cpu", do_classifier_free_guidance=False)
    add("sdxl", "none", prompt, list(hidden[0].split(widths, dim=-1)), [torch.zeros(0), pooled[0]], textual_inversions=[{"path": "pair.safetensors", "token": ["<s0>", "<s1>"]}])

(here / "about.json").write_text(json.dumps({"kind": "prompts", "cases": cases}, indent=1) + "\n")
save_file(tensors, here / "io.safetensors")
