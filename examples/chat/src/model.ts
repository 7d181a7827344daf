import type { LanguageModel } from "ai";
import { createGateway } from "ai";
import { demoModel } from "./demo-model.ts";

/** The model that the configuration names. Any other provider of the AI SDK goes here. */
export function modelOf(env: Env & { readonly AI_GATEWAY_API_KEY?: string }): LanguageModel {
  // Its type is what wrangler.jsonc says today.
  const name: string = env.MODEL;
  if (name === "demo") return demoModel;
  const { AI_GATEWAY_API_KEY: apiKey } = env;
  if (apiKey === undefined)
    throw new Error(`The model "${name}" needs the secret AI_GATEWAY_API_KEY.`);
  return createGateway({ apiKey })(name);
}
