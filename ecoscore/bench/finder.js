// Finds what a person sees on the page, for the bench. Runs in a world of its own: scripts of the page cannot meddle with it.
// Text: the smallest visible element that contains it, blanks joined, capitals as written. Open shadow roots are searched too.
(action, wanted) => {
  const clean = (text) => (text ?? "").replace(/\s+/g, " ").trim();

  const isVisible = (element) => {
    if (!element.isConnected || element.getClientRects().length === 0) return false;
    const style = getComputedStyle(element);
    if (style.visibility !== "visible" || Number(style.opacity) === 0) return false;
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  };

  const roots = function* (root = document) {
    yield root;
    if (document.body === null) return;
    for (const element of root.querySelectorAll("*")) if (element.shadowRoot) yield* roots(element.shadowRoot);
  };

  const label = (element) => {
    const kind = element.type;
    const isButton = element.localName === "input" && ["button", "submit", "reset"].includes(kind);
    return clean(isButton ? element.value : (element.placeholder ?? ""));
  };

  const byText = function* (root, value) {
    const skipped = new Set(["script", "style", "noscript", "template", "head", "title"]);
    const walk = function* (element) {
      if (skipped.has(element.localName)) return;
      if (!clean(element.textContent).includes(value)) return;
      let isInChild = false;
      for (const child of element.children) {
        for (const found of walk(child)) {
          isInChild = true;
          yield found;
        }
      }
      if (!isInChild) yield element;
    };
    for (const element of root === document ? [document.body] : root.children) if (element) yield* walk(element);
    for (const field of root.querySelectorAll("input, textarea")) if (label(field).includes(value)) yield field;
  };

  const candidates = function* (root) {
    const value = clean(wanted.value);
    if (wanted.by === "text") {
      // cheap, and false on most frames of a wait
      if (root === document && !clean(document.body?.textContent).includes(value) && !root.querySelector("input, textarea")) return;
      yield* byText(root, value);
    } else if (wanted.by === "id") {
      const found = root.getElementById?.(wanted.value);
      if (found) yield found;
    } else {
      for (const element of root.querySelectorAll("[aria-label], [title], [alt]")) {
        const names = ["aria-label", "title", "alt"].map((name) => clean(element.getAttribute(name)));
        if (names.includes(value)) yield element;
      }
    }
  };

  const find = (index = 0) => {
    let left = index;
    for (const root of roots()) for (const element of candidates(root)) if (isVisible(element) && left-- === 0) return element;
    return null;
  };

  const frame = () => new Promise((resume) => requestAnimationFrame(resume));

  // looks in frames only: what stands in a page that no frame has shown yet (a style sheet is awaited) is seen by nobody
  const wait = async (isThere) => {
    const until = performance.now() + wanted.ms;
    for (;;) {
      await frame();
      const found = find(wanted.index);
      if ((found !== null) === isThere) return found ?? true;
      if (performance.now() >= until) return null;
    }
  };

  const actions = {
    wait: async () => (await wait(true)) !== null,
    gone: async () => (await wait(false)) !== null,
    // where to tap: in the middle of the element, once it stays in place; null when it is not there or is covered
    locate: async () => {
      const element = await wait(true);
      if (element === null) return null;
      element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      const until = performance.now() + 2000;
      let before = element.getBoundingClientRect();
      for (;;) {
        await frame();
        const now = element.getBoundingClientRect();
        if ((now.x === before.x && now.y === before.y) || performance.now() > until) break;
        before = now;
      }
      const box = element.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      const top = element.getRootNode().elementFromPoint(x, y);
      const isFree = top !== null && (element.contains(top) || top.contains(element));
      return { x, y, isFree };
    },
    show: async () => {
      const element = await wait(true);
      element?.scrollIntoView({ block: "center", behavior: "smooth" });
      return element !== null;
    },
    clear: async () => {
      const field = document.activeElement;
      if (field === null || !("select" in field)) return false;
      field.select();
      return true;
    },
    // what the report shows of a loaded page: elements, and the largest paint of the document
    look: async () => {
      const paint = await new Promise((resume) => {
        setTimeout(() => resume(null), 50);
        try {
          new PerformanceObserver((list) => resume(list.getEntries().at(-1).startTime)).observe({
            type: "largest-contentful-paint",
            buffered: true,
          });
        } catch {
          resume(null);
        }
      });
      return { elements: document.getElementsByTagName("*").length, paint, origin: performance.timeOrigin };
    },
  };
  return actions[action]();
};
