import type { Page } from "playwright-core";

/** What stands out of the window sideways and cannot be scrolled to, nor is cut with an ellipsis: each as its tag and class. */
export function outsideOfWindow(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const isContained = (element: Element): boolean => {
      const { overflowX, textOverflow, position, clipPath } = getComputedStyle(element);
      if (["auto", "scroll"].includes(overflowX) || textOverflow === "ellipsis") return true;
      // For screen readers only.
      if (position === "absolute" && clipPath !== "none") return true;
      return element.parentElement !== null && isContained(element.parentElement);
    };
    return [...document.querySelectorAll("body *")]
      .filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        return (
          element.checkVisibility() &&
          (right > innerWidth + 0.5 || left < -0.5) &&
          !isContained(element)
        );
      })
      .map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
  });
}

/** Each visible text with its contrast, by the formula of WCAG 2.2. What is disabled is left out, as it is there. */
export function contrasts(page: Page): Promise<readonly { text: string; contrast: number }[]> {
  return page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (canvas === null) throw new Error("There is no canvas.");
    /** The luminance of colours painted over each other, the last on top. */
    const luminance = (...colors: readonly string[]): number => {
      for (const color of ["white", ...colors]) {
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
      }
      const [red = 0, green = 0, blue = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map(
        (value) => (value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4),
      );
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const backgrounds = (element: Element | null): string[] =>
      element === null
        ? []
        : [...backgrounds(element.parentElement), getComputedStyle(element).backgroundColor];

    const found: { text: string; contrast: number }[] = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode() !== null) {
      const { textContent, parentElement } = texts.currentNode;
      const text = textContent?.trim() ?? "";
      if (text === "" || parentElement === null || !parentElement.checkVisibility()) continue;
      if (parentElement.closest(":disabled, noscript, script, style") !== null) continue;
      const behind = backgrounds(parentElement);
      const light = luminance(...behind);
      const dark = luminance(...behind, getComputedStyle(parentElement).color);
      const [high, low] = light > dark ? [light, dark] : [dark, light];
      found.push({ text, contrast: (high + 0.05) / (low + 0.05) });
    }
    return found;
  });
}
