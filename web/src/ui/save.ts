/** Files for people: a drawing as SVG or PNG, a table as CSV. */

const LOOKS = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'font-size',
  'font-weight',
  'font-family',
  'opacity',
];

/** A file's name without signs that file systems mind. */
export const fileName = (title: string, end: string): string =>
  `${
    title
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 80) || 'equipoise'
  }.${end}`;

/** Offers a file. */
export function offer(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A drawing with its looks written into it, so that it stands alone. */
export function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const [from, to] = [svg.querySelectorAll('*'), copy.querySelectorAll('*')];
  from.forEach((element, i) => {
    const looks = getComputedStyle(element);
    const target = to[i];
    if (!target || element.closest('title, desc')) return;
    for (const look of LOOKS) {
      const value = looks.getPropertyValue(look);
      if (value && !(value === 'none' && look === 'stroke-dasharray'))
        target.setAttribute(look, value.replace(/"/g, "'"));
    }
    target.removeAttribute('class');
    target.removeAttribute('style');
  });
  const ground = getComputedStyle(document.body).backgroundColor;
  const box = svg.viewBox.baseVal;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.removeAttribute('tabindex');
  copy.removeAttribute('style');
  copy.removeAttribute('class');
  copy.setAttribute('width', String(box.width));
  copy.setAttribute('height', String(box.height));
  const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  rect.setAttribute('width', String(box.width));
  rect.setAttribute('height', String(box.height));
  rect.setAttribute('fill', ground);
  copy.insertBefore(rect, copy.firstChild);
  return new XMLSerializer().serializeToString(copy);
}

/** A drawing as a picture of points, twice as fine as on the screen. */
export async function pictureOf(svg: SVGSVGElement): Promise<Blob | null> {
  const text = standalone(svg);
  const image = new Image();
  const url = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  try {
    await new Promise((done, fail) => {
      image.onload = done;
      image.onerror = () => fail(new Error('the picture could not be drawn'));
      image.src = url;
    });
    const canvas = document.createElement('canvas');
    const box = svg.viewBox.baseVal;
    canvas.width = box.width * 2;
    canvas.height = box.height * 2;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, 'image/png'));
  } finally {
    URL.revokeObjectURL(url);
  }
}
