/** The subject of everyone who uses a local server with its secret: the person whose machine it is. */
export { OWNER as LOCAL_SUBJECT } from "../serve/login-token.ts";
