'use strict';
// Fetches the page again and puts its figures in the place of the old ones, while somebody
// sees them. The server has escaped all names, and a parsed document runs no scripts.
const every = 2000;
const patience = 5000;
const pause = document.getElementById('pause');
const trouble = document.getElementById('trouble');
let paused = false;

function isSelecting() {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed;
}

function adopt(page) {
  const next = page.querySelector('main');
  if (!next) throw new Error('the answer is no page');
  for (const open of document.querySelectorAll('details[open]')) {
    const same = next.querySelector('#' + CSS.escape(open.id));
    if (same) same.open = true;
  }
  const focused = document.activeElement && document.activeElement.closest('details, figure');
  const scrolled = Array.from(document.querySelectorAll('figure'), (figure) => figure.scrollLeft);
  document.title = page.title;
  document.querySelector('main').replaceWith(document.adoptNode(next));
  document.querySelectorAll('figure').forEach((figure, i) => { figure.scrollLeft = scrolled[i] || 0; });
  const again = focused && document.getElementById(focused.id);
  if (again) (again.querySelector('summary') || again).focus({preventScroll: true});
}

async function refresh() {
  try {
    const answer = await fetch(location.pathname, {cache: 'no-store', signal: AbortSignal.timeout(patience)});
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.split('\n')[0]);
    adopt(new DOMParser().parseFromString(text, 'text/html'));
    trouble.textContent = '';
  } catch (error) {
    trouble.textContent = 'These figures are old: ' + error.message;
  }
}

async function turn() {
  if (!paused && !document.hidden && !isSelecting()) await refresh();
  setTimeout(turn, every);
}

pause.hidden = false;
pause.addEventListener('click', () => {
  paused = !paused;
  pause.textContent = paused ? 'Go on' : 'Pause';
});
setTimeout(turn, every);
