/* Elements under `root` (itself included) that match `selector` and were not given to this `name` before. */
export function once(root, selector, name) {
  const found = [...root.querySelectorAll(selector)];
  if (root.matches?.(selector)) found.unshift(root);
  return found.filter((element) => {
    const done = (element.uiStarted ??= new Set());
    return !done.has(name) && done.add(name);
  });
}
