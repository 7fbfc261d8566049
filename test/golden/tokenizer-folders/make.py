"""Tokenizer folders as versions of transformers wrote them, and what transformers 5.24 makes of them.

Run where transformers, sentencepiece and protobuf are installed: python make.py. Each folder is files of ../tokenizers (or of
the shipped model) and files of its own; the tests put them together again from expected.json.
"""

import copy
import json
import shutil
import tempfile
from pathlib import Path

import transformers

here = Path(__file__).parent
tokenizers = here.parent / "tokenizers"
shipped = here.parents[2] / "models" / "emoji" / "tokenizer"
sources = {"clip": tokenizers / "clip", "clip-files": tokenizers / "clip-files", "t5": tokenizers / "t5", "t5-spiece": tokenizers / "t5-spiece", "emoji": shipped}

clip_json = json.loads((sources["clip"] / "tokenizer.json").read_text())
n = len(clip_json["model"]["vocab"])
emoji_json = json.loads((shipped / "tokenizer.json").read_text())
m = len(emoji_json["model"]["vocab"])
t5_json = json.loads((sources["t5"] / "tokenizer.json").read_text())

start, end = "<|startoftext|>", "<|endoftext|>"
token = lambda content, **flags: {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, **flags}
typed = lambda content, **flags: {**token(content, **flags), "__type": "AddedToken"}
clip_map = {"bos_token": token(start), "eos_token": token(end), "pad_token": end, "unk_token": token(end)}
clip_old = {
    "add_prefix_space": False, "bos_token": typed(start), "do_lower_case": True, "eos_token": typed(end), "errors": "replace", "model_max_length": 16,
    "pad_token": end, "tokenizer_class": "CLIPTokenizer", "unk_token": typed(end), "special_tokens_map_file": "./special_tokens_map.json", "name_or_path": "x",
}  # fmt: skip
clip_45 = {
    "add_prefix_space": False, "bos_token": start, "clean_up_tokenization_spaces": True, "do_lower_case": True, "eos_token": end, "errors": "replace",
    "model_max_length": 16, "pad_token": end, "tokenizer_class": "CLIPTokenizer", "unk_token": end,
    "added_tokens_decoder": {str(clip_json["model"]["vocab"][t]): {**token(t), "special": True} for t in [start, end]},
}  # fmt: skip
vocab_files = {"vocab.json": "clip-files", "merges.txt": "clip-files"}
clip_fast = {"tokenizer.json": "clip"}
changed = lambda base, **keys: {**copy.deepcopy(base), **keys}


def with_decoder(config, **tokens):
    decoder = {**config.get("added_tokens_decoder", {}), **{i: {"special": False, **t} for i, t in tokens.items()}}
    return changed(config, added_tokens_decoder=decoder)


def added(base, *tokens):
    return {"added_tokens": base["added_tokens"] + [{"special": False, **t, "id": i} for i, t in tokens]}


qwen = {"eos_token": "<|im_end|>", "pad_token": end, "bos_token": None, "model_max_length": 64, "tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": False, "errors": "replace"}
qwen_files = {"vocab.json": emoji_json["model"]["vocab"], "merges.txt": emoji_json["model"]["merges"]}
old_clip = lambda **files: {"class": "CLIPTokenizer", "from": vocab_files, "files": {"tokenizer_config.json": clip_old, "special_tokens_map.json": clip_map, **files}}
J = lambda name: name.replace("_json", ".json")
F = lambda **files: {J(k): v for k, v in files.items()}

folders = {
    "clip": old_clip(),
    "clip added": old_clip(**F(added_tokens_json={"<cat-toy>": n})),
    "clip added, upper case and a word": old_clip(**F(added_tokens_json={"<Cat>": n, "heart": n + 1, end: n - 1})),
    "clip added, ids with gaps and out of order": old_clip(**F(added_tokens_json={"<b>": n + 7, "<a>": n + 3})),
    "clip added, one id twice": old_clip(**F(added_tokens_json={"<b>": n, "<a>": n})),
    "clip added, one of them special": old_clip(**F(added_tokens_json={"<CAT>": n, "<B>": n + 1}, special_tokens_map_json={**clip_map, "pad_token": "<CAT>"})),
    "clip added, additional in the map": old_clip(**F(added_tokens_json={"<CAT>": n}, special_tokens_map_json={**clip_map, "additional_special_tokens": ["<CAT>", "<a>"]})),
    "clip added, additional in the config": old_clip(**F(added_tokens_json={"<CAT>": n}, tokenizer_config_json=changed(clip_old, additional_special_tokens=["<CAT>", "<a>"]))),
    "clip added beside tokenizer.json": {"class": "CLIPTokenizer", "from": {**vocab_files, **clip_fast}, "files": F(tokenizer_config_json=clip_old, special_tokens_map_json=clip_map, added_tokens_json={"<cat-toy>": n})},
    "clip added beside a decoder": old_clip(**F(tokenizer_config_json=with_decoder(clip_45, **{str(n): token("<b>")}), added_tokens_json={"<cat-toy>": n})),
    "clip decoder": {"class": "CLIPTokenizer", "from": vocab_files, "files": F(tokenizer_config_json=with_decoder(clip_45, **{
        str(n): token("<B>"), str(n + 1): token("<a>", lstrip=True, rstrip=True), str(n + 2): token("cat", single_word=True), str(n + 3): token("<CAT>", normalized=False), "3": token("heart")}))},
    "clip tokenizer.json with a token that no decoder has": {"class": "CLIPTokenizer", "from": {}, "files": F(tokenizer_config_json=clip_45), "changes": {"tokenizer.json": ["clip", added(clip_json, (n, token("<cat-toy>")))]}},
    "clip tokenizer.json with a token, no decoder": {"class": "CLIPTokenizer", "from": {}, "files": F(tokenizer_config_json={"model_max_length": 16}), "changes": {"tokenizer.json": ["clip", added(clip_json, (n, token("<cat-toy>", rstrip=True)))]}},
    "clip map beside a decoder": {"class": "CLIPTokenizer", "from": vocab_files, "files": F(tokenizer_config_json=clip_45, special_tokens_map_json={**clip_map, "pad_token": "!"})},
    "clip extra tokens": {"class": "CLIPTokenizer", "from": vocab_files, "files": F(tokenizer_config_json=changed(clip_45, extra_special_tokens=["<a>", "heart"]))},
    "clip extra tokens by name": {"class": "CLIPTokenizer", "from": vocab_files, "files": F(tokenizer_config_json=changed(clip_45, extra_special_tokens={"my_token": "<a>"}))},
    "clip a token of its own": {"class": "CLIPTokenizer", "from": vocab_files, "files": F(tokenizer_config_json=changed(clip_45, image_token="<a>", other_token=typed("<B>", special=True)))},
    "clip splits special tokens": {"class": "CLIPTokenizer", "from": vocab_files, "files": F(tokenizer_config_json=changed(with_decoder(clip_45, **{str(n): token("<a>")}), split_special_tokens=True))},
    "clip settings without effect": {"class": "CLIPTokenizer", "from": vocab_files, "files": F(tokenizer_config_json=changed(clip_45, add_bos_token=False, add_eos_token=True, add_prefix_space=True, do_lower_case=False, strip_accents=True, legacy=False, errors="strict"))},
    "clip cuts and pads on the left": {"class": "CLIPTokenizer", "from": vocab_files, "files": F(tokenizer_config_json=changed(clip_45, padding_side="left", truncation_side="left"))},
    "clip max_len": {"class": "CLIPTokenizer", "from": vocab_files, "files": F(tokenizer_config_json={**{k: v for k, v in clip_45.items() if k != "model_max_length"}, "max_len": 12})},
    "clip padding of tokenizer.json": {"class": "CLIPTokenizer", "from": {}, "files": F(tokenizer_config_json={"model_max_length": 16}), "changes": {"tokenizer.json": ["clip", {
        "padding": {"strategy": {"Fixed": 10}, "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "!"},
        "truncation": {"direction": "Left", "max_length": 9, "strategy": "LongestFirst", "stride": 0}}]}},
    "clip a pad token that is new": {"class": "CLIPTokenizer", "from": vocab_files, "files": F(tokenizer_config_json=changed(clip_45, pad_token="[PAD]"))},
    "clip without a config": {"class": "CLIPTokenizer", "from": vocab_files, "files": {}},
    "qwen files": {"class": "Qwen2Tokenizer", "from": {}, "files": F(tokenizer_config_json=changed(qwen, added_tokens_decoder={str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in emoji_json["added_tokens"]}), vocab_json=qwen_files["vocab.json"]), "merges": "emoji"},
    "qwen files with added_tokens.json": {"class": "Qwen2Tokenizer", "from": {}, "files": F(tokenizer_config_json=qwen, vocab_json=qwen_files["vocab.json"], added_tokens_json={t["content"]: t["id"] for t in emoji_json["added_tokens"]} | {"<a>": m + 40}), "merges": "emoji"},
    "qwen files that begin and end": {"class": "Qwen2Tokenizer", "from": {}, "files": F(tokenizer_config_json=changed(qwen, bos_token="<|im_start|>", add_bos_token=True, add_eos_token=True), vocab_json=qwen_files["vocab.json"]), "merges": "emoji"},
    "qwen tokenizer.json": {"class": "Qwen2Tokenizer", "from": {"tokenizer.json": "emoji"}, "files": F(tokenizer_config_json=changed(qwen, add_bos_token=True, bos_token="<|im_start|>"))},
    "qwen tokenizer.json of another kind": {"class": "Qwen2Tokenizer", "from": {}, "files": F(tokenizer_config_json=qwen), "changes": {"tokenizer.json": ["emoji", {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}, "normalizer": {"type": "Lowercase"}}]}},
    "any tokenizer.json": {"class": "AutoTokenizer", "from": {"tokenizer.json": "emoji"}, "files": F(tokenizer_config_json={"tokenizer_class": "TokenizersBackend", "eos_token": "<|im_end|>", "pad_token": end, "model_max_length": 16, "add_eos_token": True}, added_tokens_json={"<a>": m + 50})},
    "any tokenizer.json, a decoder": {"class": "AutoTokenizer", "from": {"tokenizer.json": "emoji"}, "files": F(tokenizer_config_json={"tokenizer_class": "TokenizersBackend", "pad_token": end, "model_max_length": 16, "added_tokens_decoder": {str(m + 9): {**token("<a>"), "special": True}}, "split_special_tokens": True})},
    "any tokenizer.json, ids with gaps": {"class": "AutoTokenizer", "from": {}, "files": F(tokenizer_config_json={"tokenizer_class": "TokenizersBackend", "pad_token": end, "model_max_length": 16}), "changes": {"tokenizer.json": ["emoji", added(emoji_json, (m + 90, token("<a>")), (m + 80, token("<b>")))]}},
    "t5 spiece, added": {"class": "T5Tokenizer", "from": {"spiece.model": "t5-spiece"}, "files": F(tokenizer_config_json={"model_max_length": 32, "extra_ids": 3}, added_tokens_json={"<cat-toy>": 343, "<B>": 344})},
    "t5 spiece, additional": {"class": "T5Tokenizer", "from": {"spiece.model": "t5-spiece"}, "files": F(tokenizer_config_json={"model_max_length": 32, "extra_ids": 0, "additional_special_tokens": ["<a>"], "legacy": False, "sp_model_kwargs": {}})},
    "t5 tokenizer.json, additional": {"class": "T5Tokenizer", "from": {"tokenizer.json": "t5"}, "files": F(tokenizer_config_json={"model_max_length": 32, "additional_special_tokens": ["<a>"]})},
    "t5 tokenizer.json, additional in the map": {"class": "T5Tokenizer", "from": {"tokenizer.json": "t5"}, "files": F(tokenizer_config_json={"model_max_length": 32}, special_tokens_map_json={"additional_special_tokens": ["<a>"], "pad_token": "<pad>"})},
    "t5 tokenizer.json, a decoder": {"class": "T5Tokenizer", "from": {"tokenizer.json": "t5"}, "files": F(tokenizer_config_json={"model_max_length": 32, "extra_ids": 2, "added_tokens_decoder": {"500": {**token("<a>"), "special": True}, "0": {**token("<pad>"), "special": True}}})},
    "t5 sides and ends": {"class": "T5Tokenizer", "from": {"tokenizer.json": "t5"}, "files": F(tokenizer_config_json={"model_max_length": 32, "padding_side": "left", "add_eos_token": False})},
}  # fmt: skip

prompts = [
    "", "a cat", "a <cat-toy> face", "A <CAT-TOY>, <Cat> <cat> <CAT>", "<a> x<a>y<b> <B> <b>", " heart  hearts Heart", "cats cat CAT", f"x{end} {start}y", "<|im_start|>user\nhi<|im_end|>",
    "wow! so! [PAD] [pad]", "<extra_id_0> a<extra_id_2>", "</s> <pad>x", "It's 12345 Ünïcode ❤️  END", "word " * 20,
]  # fmt: skip


def write(folder, spec):
    for name, source in spec["from"].items():
        shutil.copy(sources[source] / name, folder / name)
    for name, content in spec["files"].items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False))
    for name, (source, change) in spec.get("changes", {}).items():
        (folder / name).write_text(json.dumps({**json.loads((sources[source] / name).read_text()), **change}, ensure_ascii=False))
    if "merges" in spec:
        merges = json.loads((sources[spec["merges"]] / "tokenizer.json").read_text())["model"]["merges"]
        (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(pair) + "\n" for pair in merges))


expected = {"prompts": prompts, "folders": {}}
for name, spec in folders.items():
    with tempfile.TemporaryDirectory() as path:
        write(Path(path), spec)
        kept = copy.deepcopy(spec)
        if "vocab.json" in kept["files"]:  # the shipped model has it
            kept["files"].pop("vocab.json")
            kept["vocab"] = "emoji"
        try:
            tokenizer = getattr(transformers, spec["class"]).from_pretrained(path)
            cut = {} if tokenizer.pad_token is None else {"cut": [tokenizer(p, padding="max_length", max_length=8, truncation=True).input_ids for p in prompts]}
            limit = tokenizer.model_max_length
            result = {"ids": [tokenizer(p).input_ids for p in prompts], **cut, "padId": tokenizer.pad_token_id, "limit": limit if limit < 1e9 else None, "size": len(tokenizer)}
        except Exception as error:  # what transformers refuses
            print(name, "is refused:", error)
            continue
        expected["folders"][name] = {**kept, "expected": result}
(here / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, separators=(",", ":")))
