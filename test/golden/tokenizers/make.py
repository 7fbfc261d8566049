"""Writes expected.json: what transformers 5.23 makes of the prompts, for the tokenizers in this folder.

Run where transformers, sentencepiece and protobuf are installed: python make.py. The tests read expected.json only.
"""

import json
from pathlib import Path

from transformers import AutoTokenizer, CLIPTokenizer, T5Tokenizer

here = Path(__file__).parent
emoji = here.parents[2] / "models" / "emoji" / "tokenizer"

# clip-files: the same CLIP vocabulary as openai's folders hold it, with no tokenizer.json and a pad token that no added token names
model = json.loads((here / "clip" / "tokenizer.json").read_text())["model"]
files = here / "clip-files"
(files / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False))
(files / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(m) for m in model["merges"]) + "\n")
(files / "special_tokens_map.json").write_text(json.dumps({
    "bos_token": {"content": "<|startoftext|>", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False},
    "eos_token": {"content": "<|endoftext|>", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False},
    "pad_token": "!", "unk_token": {"content": "<|endoftext|>", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}}))
(files / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 16, "tokenizer_class": "CLIPTokenizer"}))

prompts = [
    "", " ", "   ", "\n\t ", "a red heart", "A Red HEART", "  a  red   heart  ", "a red heart\n\nwith\ttabs\r\nand lines",
    "red heart, flat emoji style! (best:1.2) [x] {y} <z> it's we're they'll I'd 'tis",
    "❤️", "👩‍👩‍👧‍👦 family 🏳️‍🌈 flag 🇩🇪", "a 🐱 on a 🛋️", "一只红色的心", "红心 heart 赤いハート", "빨간 하트", "قلب أحمر", "красное сердце",
    "cafe\u0301 café ﬁne ｆｕｌｌ ① ²", "ΟΔΟΣ ΣΑΣ Σ", "İstanbul IĞDIR ǅ ß ẞ", "Å \u212b \u1e9b\u0323", "zero\u200bwidth\u200djoiner\ufeffbom\u00a0nbsp\u3000wide\u0085nel\u2028line",
    "12345 3.14 2024-01-01 1,000", "snake_case camelCase kebab-case http://x.y/z?q=1#h", "$€£ © ™ … — “quotes” ‘single’ ¿?",
    "<|im_start|>user\nhi<|im_end|>", "<|IM_START|> upper", "<|IM_START|>", "<|endoftext|>", "x<|endoftext|>y <|startoftext|> z", "<|ENDOFTEXT|>", "</s>", "a </s> b", "a</s>b<pad><unk>", "<PAD>", "!", "wow! so! !", "▁ ▁▁ a▁b", "𝔘𝔫𝔦 𝒸𝑜𝒹𝑒 𐍈", "\U0010ffff \ue000",
    "<extra_id_0> a<extra_id_2>b <extra_id_99>", "x<sep>y <sep> ﬁ１２　ａ", "a\u0300\u0301\u0302 \u0301", "word " * 40, "heart" * 60, "心" * 50, "supercalifragilisticexpialidocious antidisestablishmentarianism",
]  # fmt: skip

# t5-spiece: a T5 vocabulary as Google's folders hold it, with a character map that sentencepiece compiled
spiece = here / "t5-spiece"
if not (spiece / "spiece.model").exists():
    import sentencepiece

    spiece.mkdir(exist_ok=True)
    rules = {"ﬁ": "fi", "①": "1", "²": "2", "　": " ", "\u00a0": " ", "\u200b": "", "™": "TM", "…": "...", "e\u0301": "é", "ǅ": "Dž"}
    rules |= {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}
    as_hex = lambda text: " ".join(f"{ord(character):X}" for character in text)
    (here / "rules.tsv").write_text("".join(f"{as_hex(old)}\t{as_hex(new)}\n" for old, new in rules.items()))
    (here / "corpus.txt").write_text("\n".join(prompts * 4) + Path(__file__).read_text())
    sentencepiece.SentencePieceTrainer.train(
        input=str(here / "corpus.txt"), model_prefix=str(spiece / "spiece"), vocab_size=340, model_type="unigram", pad_id=0, eos_id=1,
        unk_id=2, bos_id=-1, user_defined_symbols=["<sep>"], normalization_rule_tsv=str(here / "rules.tsv"), minloglevel=2,
    )  # fmt: skip
    for name in ["rules.tsv", "corpus.txt", "t5-spiece/spiece.vocab"]:
        (here / name).unlink()
(spiece / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 32, "extra_ids": 3, "tokenizer_class": "T5Tokenizer"}))

chats = [
    {"messages": [{"role": "user", "content": "a red heart"}], "addGenerationPrompt": True, "enableThinking": True},
    {"messages": [{"role": "user", "content": ""}], "addGenerationPrompt": True, "enableThinking": False},
    {"messages": [{"role": "system", "content": " be <brief> & \"kind\" "}, {"role": "user", "content": "红心 ❤️\nline\n"}], "addGenerationPrompt": False},
    {"messages": [{"role": "user", "content": "{{ not a template }} {% x %}"}, {"role": "assistant", "content": "ok"}], "addGenerationPrompt": True},
]

# trim_blocks, lstrip_blocks, namespace, loop variables, filters, a trailing newline, special tokens, tests
qwen_like = """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(last=messages|length - 1) %}
{%- for message in messages %}
    {%- if message.role == "user" or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content|trim + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content.split('</think>')[-1].lstrip('\\n') + eos_token + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if tools %}{{ tools | tojson }}{% endif %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
blocks = """{% for m in messages %}
    {% if m['role'] == 'user' %}
U: {{ m['content'] }}
    {% endif %}
{{ loop.index0 }}{{ pad_token }}{{ missing }}
{% endfor %}

"""
templates = {"qwen-like": qwen_like, "blocks": blocks}


def encodings(tokenizer, max_length):
    cases = []
    for prompt in prompts:
        cut = tokenizer(prompt, padding="max_length", max_length=max_length, truncation=True)
        cases.append({
            "text": prompt, "ids": tokenizer(prompt).input_ids, "bare": tokenizer(prompt, add_special_tokens=False).input_ids,
            "cut": cut.input_ids, "mask": sum(cut.attention_mask),
        })
    return cases


folders = {"emoji": emoji, "clip-files": files, "t5-spiece": spiece, "t5-class": here / "t5"}
classes = {"clip-files": CLIPTokenizer, "t5-spiece": T5Tokenizer, "t5-class": T5Tokenizer}  # as model_index.json says, whatever the folder does
expected = {"prompts": prompts, "tokenizers": {}, "chats": []}
for name in ["emoji", "clip", "clip-bang", "clip-files", "t5", "t5-spiece", "t5-class"]:
    tokenizer = classes.get(name, AutoTokenizer).from_pretrained(folders.get(name, here / name))
    assert tokenizer.padding_side == "right" and tokenizer.truncation_side == "right"
    cases = encodings(tokenizer, 16)
    expected["tokenizers"][name] = {
        "padId": tokenizer.pad_token_id,
        "ids": [c["ids"] for c in cases], "bare": [c["bare"] for c in cases], "cut": [c["cut"] for c in cases], "mask": [c["mask"] for c in cases],
    }
    tokenizer.padding_side = tokenizer.truncation_side = "left"
    left = encodings(tokenizer, 16)
    expected["tokenizers"][name]["left"] = [c["cut"] for c in left]

tokenizer = AutoTokenizer.from_pretrained(emoji)
for name, template in [("checkpoint", None), *templates.items()]:
    for chat in chats:
        more = {"enable_thinking": chat["enableThinking"]} if "enableThinking" in chat else {}
        text = tokenizer.apply_chat_template(chat["messages"], tokenize=False, chat_template=template, add_generation_prompt=chat["addGenerationPrompt"], **more)
        expected["chats"].append({"template": name, "source": template, **chat, "text": text})

(here / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, separators=(",", ":")))
