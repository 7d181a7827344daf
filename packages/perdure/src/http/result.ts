/** What an object's method answered. */

export { valueOf } from "../session/index.ts";
