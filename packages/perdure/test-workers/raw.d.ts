/** The text of a file. */
declare module "*.sql?raw" {
  const text: string;
  export default text;
}
