#!/usr/bin/env bash
# diffusers 0.42.1 (torch 2.13.0, transformers 5.24.0, CPU): ZImagePipeline writes its chat template into the list of
# prompts that the caller passed. The second call with the same list encodes the template inside of the template, so that
# the same list and seed give another image; a single text is left as it was. Seen: the list after a first and a second
# call, and the tokens of its first prompt in each.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 diffusers==0.42.1 transformers==5.24.0
found=$("$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3Model

words = Tokenizer(models.WordLevel({"[UNK]": 0, "[PAD]": 1, "a": 2, "cat": 3}, unk_token="[UNK]"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]")
tokenizer.chat_template = "{% for m in messages %}<user>{{ m.content }}</user>{% endfor %}"
config = Qwen3Config(vocab_size=8, hidden_size=16, intermediate_size=16, num_hidden_layers=2,
                     num_attention_heads=2, num_key_value_heads=2, head_dim=8)
pipeline = ZImagePipeline(scheduler=FlowMatchEulerDiscreteScheduler(), vae=None, transformer=None,
                          text_encoder=Qwen3Model(config).eval(), tokenizer=tokenizer)

def encode(prompt):
    options = dict(device="cpu", do_classifier_free_guidance=False, max_sequence_length=64)
    return pipeline.encode_prompt(prompt=prompt, **options)[0][0].shape[0]

prompts = ["a cat", "a cat"]
for call in ("first", "second"):
    tokens = encode(prompts)
    print(f"{call}: {prompts[0]} ({tokens} tokens)")
text = "a cat"
encode(text)
print(f"text: {text}")
PYTHON
)
echo "$found"
[ "$found" = $'first: <user>a cat</user> (8 tokens)\nsecond: <user><user>a cat</user></user> (12 tokens)\ntext: a cat' ]
