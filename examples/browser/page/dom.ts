// The few things that every part of the page does with its elements.

/** The element with this id, which must be of this kind: a page and its script belong together. */
export function byId<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} with the id ${id}`);
  return found;
}

/** Sets a text where it has changed: a screen reader or a selection is not disturbed for nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes an element of HTML. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { className = '', text = '' }: { readonly className?: string; readonly text?: string } = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (className !== '') element.className = className;
  if (text !== '') element.textContent = text;
  element.append(...children);
  return element;
}

/** Makes an element of SVG. */
export function makeSvg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number>> = {},
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** The value of the chosen one of these radio buttons. */
export function chosen(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value : '';
}

/** Chooses one of these radio buttons. */
export function choose(form: HTMLFormElement, name: string, value: string): void {
  for (const radio of form.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) {
    radio.checked = radio.value === value;
  }
}

/** A count for people. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

/** `1 message`, `12 messages`. */
export function messages(value: number): string {
  return `${count(value)} ${value === 1 ? 'message' : 'messages'}`;
}
