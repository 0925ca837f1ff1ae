// Where rows are that have their own heights, and which of them can be seen. No part of the editor is needed here.

/** So many px beyond what can be seen have rows, too. */
const BEYOND = 200;

/** The upper edges of rows, and below the last its lower one. */
export function edgesOf(heights) {
  const edges = [0];
  for (const height of heights) {
    edges.push(edges.at(-1) + height);
  }
  return edges;
}

/** The first row that can be seen between `top` and `bottom`, and the first that can't be seen any more. */
export function rowsBetween(edges, top, bottom) {
  const count = edges.length - 1;
  let first = 0;
  while (first < count && edges[first + 1] < top - BEYOND) {
    first += 1;
  }
  let end = first;
  while (end < count && edges[end] < bottom + BEYOND) {
    end += 1;
  }
  return { first, end };
}
