/** Drawn, because not every font has such arrows. */
const PATHS = {
  before: "M13 8H3M7 4L3 8l4 4",
  after: "M3 8h10M9 4l4 4-4 4",
  delete: "M4 4l8 8M12 4l-8 8",
};

export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  return (
    <svg className={`icon ${name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
