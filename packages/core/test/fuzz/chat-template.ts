import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kind } from "../../../../test/fuzz/kind";
import { MutatedFiles } from "../../../../test/fuzz/mutated-file";
import { copyFolder, golden } from "../../../../test/fuzz/seeds";
import { loadTokenizer } from "../../src/text/tokenizer";

/** In the forms of Qwen's. */
const template = `{%- if messages[0].role == 'system' %}{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' or not loop.first %}
        {{- '<|im_start|>' + message.role + '\\n' + (message.content | trim) + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- set last = messages[-1].content.split(' ')[0] %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- if enable_thinking is defined %}{{ last }}{%- endif %}{%- endif %}`;

export const chatTemplateKinds: readonly Kind[] = [
  {
    name: "chat template",
    weight: 3,
    prepare(place) {
      const folder = copyFolder(join(golden, "tokenizers/clip"), join(place.folder, "tokenizer"));
      const file = join(folder, "chat_template.jinja");
      writeFileSync(file, template);
      const mutated = new MutatedFiles([file]);
      const messages = [
        { role: "system", content: "Describe the picture." },
        { role: "user", content: " a cat " },
      ];
      const render = async (): Promise<boolean> => {
        loadTokenizer(folder).applyChatTemplate(messages, { addGenerationPrompt: true, enableThinking: false });
        return false;
      };
      return { attempt: (random) => mutated.with(random, render), sound: render };
    },
  },
];
