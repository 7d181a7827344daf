import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Within this distance of the end, in pixels, a reader counts as being there. */
const END_DISTANCE = 40;

/** What the transcript's scrolling element needs. */
export interface StickyScroll {
  readonly scrollRef: React.RefObject<HTMLDivElement | null>;
  readonly contentRef: React.RefObject<HTMLDivElement | null>;
  readonly isAtEnd: boolean;
  readonly onScroll: () => void;
  readonly scrollToEnd: () => void;
}

/**
 * Keeps the end in view while content grows, unless the reader scrolled up; and keeps what the reader looks at in place
 * when older content is put before it.
 *
 * @param firstKey Changes when content is put before the rest.
 */
export function useStickyScroll(firstKey: string | undefined): StickyScroll {
  const scrollRef = useRef<HTMLDivElement>(null);
  const contentRef = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const lastTop = useRef(0);
  const lastHeight = useRef(0);
  const [isAtEnd, setAtEnd] = useState(true);

  const scrollToEnd = useCallback(() => {
    const scroll = scrollRef.current;
    if (scroll === null) return;
    isFollowing.current = true;
    setAtEnd(true);
    scroll.scrollTop = scroll.scrollHeight;
  }, []);

  const onScroll = useCallback(() => {
    const scroll = scrollRef.current;
    if (scroll === null) return;
    const distance = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
    // Growing content moves the end away, and shrinking content moves the reader: only scrolling up while the content
    // stays as it was lets go.
    const isMovedByReader =
      scroll.scrollTop < lastTop.current && scroll.scrollHeight === lastHeight.current;
    if (distance < END_DISTANCE) isFollowing.current = true;
    else if (isMovedByReader) isFollowing.current = false;
    lastTop.current = scroll.scrollTop;
    setAtEnd(isFollowing.current);
  }, []);

  useEffect(() => {
    const scroll = scrollRef.current;
    const content = contentRef.current;
    if (scroll === null || content === null) return;
    const observer = new ResizeObserver(() => {
      lastHeight.current = scroll.scrollHeight;
      if (isFollowing.current) scroll.scrollTop = scroll.scrollHeight;
      lastTop.current = scroll.scrollTop;
    });
    observer.observe(content);
    observer.observe(scroll);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const scroll = scrollRef.current;
    if (scroll === null) return;
    if (!isFollowing.current && lastHeight.current > 0)
      scroll.scrollTop += scroll.scrollHeight - lastHeight.current;
    lastHeight.current = scroll.scrollHeight;
    // What it reads is in the page; the key says when to look.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [firstKey]);

  return { scrollRef, contentRef, isAtEnd, onScroll, scrollToEnd };
}
