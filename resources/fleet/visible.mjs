/** Calls `onShow` and `onHide` by turns: whether the element can be seen, in a window that can. */
export function whileVisible(element, onShow, onHide) {
  let isInSight = false;
  let isShown = false;

  const update = () => {
    const now = isInSight && document.visibilityState === 'visible';
    if (now !== isShown) {
      isShown = now;
      (now ? onShow : onHide)();
    }
  };

  new IntersectionObserver((entries) => {
    isInSight = entries.at(-1).isIntersecting;
    update();
  }).observe(element);
  document.addEventListener('visibilitychange', update);
}
