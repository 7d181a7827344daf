/** Stands in for `rehype-raw` in the build: a plugin that leaves the tree as it is. */
export default function noRawHtml(): void {}
