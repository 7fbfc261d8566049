import { Template } from "@huggingface/jinja";
import { SkipstepError } from "../errors/error";
import { chatTemplateFailed, chatTemplateMissing } from "../errors/text";
import { isObject } from "../schema/json";
import { specialTokens } from "./special-tokens";
import type { TokenizerFolder } from "./tokenizer-folder";

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** What a chat template is told besides the messages. */
export interface ChatTemplateOptions {
  /** Ends with the header of the assistant's answer. Default `false`. */
  readonly addGenerationPrompt?: boolean;
  /** Qwen3's switch; not told to the template when left out. */
  readonly enableThinking?: boolean;
  /** Further variables, under the template's own names. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Renders a conversation. */
export type ApplyChatTemplate = (messages: readonly ChatMessage[], options?: ChatTemplateOptions) => string;

/** The text of transformers' `apply_chat_template(messages, tokenize=False)`, by the template that the folder holds. */
export function chatTemplateOf(folder: TokenizerFolder): ApplyChatTemplate {
  let parsed: Template | undefined;
  return (messages, options = {}) => {
    try {
      parsed ??= new Template(templateText(folder));
      if (messages.length === 0) throw new Error("the conversation is empty");
      return parsed.render({
        messages,
        tools: null,
        documents: null,
        add_generation_prompt: options.addGenerationPrompt ?? false,
        ...(options.enableThinking === undefined ? {} : { enable_thinking: options.enableThinking }),
        ...specialTokens(folder.config),
        ...options.variables,
      });
    } catch (error) {
      if (error instanceof SkipstepError) throw error;
      throw chatTemplateFailed(folder.path, error);
    }
  };
}

/** Of files, else `chat_template` of the config: a text, or a list of `{ name, template }`. */
function templateText({ path, chatTemplates, config }: TokenizerFolder): string {
  const { chat_template: given } = config;
  const isInFiles = Object.keys(chatTemplates).length > 0;
  if (!isInFiles && typeof given === "string") return given;
  const named = isInFiles ? chatTemplates : byName(Array.isArray(given) ? given.filter(isNamed) : []);
  if (named.default === undefined) throw chatTemplateMissing(path, Object.keys(named));
  return named.default;
}

function byName(listed: readonly { name: string; template: string }[]): Record<string, string> {
  return Object.fromEntries(listed.map(({ name, template }) => [name, template]));
}

function isNamed(entry: unknown): entry is { readonly name: string; readonly template: string } {
  return isObject(entry) && typeof entry.name === "string" && typeof entry.template === "string";
}
