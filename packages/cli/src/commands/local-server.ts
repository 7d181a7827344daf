/** The subject of everyone who uses a local server with its secret: the person whose machine it is. */
export const LOCAL_SUBJECT = "owner";
