// One replica on the screen: its document, to be edited; what it says of itself; how many edits of each writer it holds; and what waits in its causal buffer.

import { icon, make, say } from '../notes/dom.ts'
import type { Contents, Edits, Inside } from './inside.ts'
import { editsWords, entryWords, pendingLines, says } from './summary.ts'
import { TextField } from './text-field.ts'
import type { Name, Page } from './world.ts'

export interface CardActions {
  edit(name: Name, change: (page: Page) => void): void
  power(name: Name): void
  slowDisk(name: Name, isSlow: boolean): void
}

export class ReplicaCard {
  readonly element: HTMLElement
  readonly #name: Name
  readonly #actions: CardActions
  readonly #status = make('p', { class: 'says' })
  readonly #pending = make('ul', { class: 'pending' })
  readonly #title = make('input', { attributes: { type: 'text', maxlength: '60' } })
  readonly #others = make('div', { class: 'others' })
  readonly #area = make('textarea', { attributes: { rows: '3', spellcheck: 'false' } })
  readonly #text: TextField
  readonly #votes = make('output', { class: 'votes', attributes: { 'aria-live': 'off' } })
  readonly #tags = make('ul', { class: 'tags' })
  readonly #newTag = make('input', { attributes: { type: 'text', maxlength: '20', placeholder: 'add …' } })
  readonly #version = make('dl', { class: 'version' })
  readonly #buffer = make('div', { class: 'buffer' })
  readonly #power = make('button', { class: 'small power', attributes: { type: 'button' } })
  readonly #disk: HTMLButtonElement
  readonly #document: HTMLFieldSetElement
  #shown = ''

  constructor(name: Name, actions: CardActions) {
    this.#name = name
    this.#actions = actions
    this.#text = new TextField(this.#area, ({ start, removed, inserted }) =>
      this.#edit(({ note }) => {
        if (removed > 0) note.delete(start, removed)
        if (inserted !== '') note.insert(start, inserted.toWellFormed())
      }),
    )
    this.#disk = make(
      'button',
      {
        class: 'small disk',
        attributes: { type: 'button', role: 'switch', 'aria-checked': 'false', 'aria-label': `Slow disk of ${name}` },
        onClick: () => actions.slowDisk(name, this.#disk.getAttribute('aria-checked') !== 'true'),
      },
      make('span', { class: 'track' }),
      'Slow disk',
    )
    this.#power.addEventListener('click', () => actions.power(name))
    this.#listen()
    this.#document = this.#makeDocument()
    this.element = this.#makeCard()
  }

  /** `most` are the most edits of each writer that anybody holds. */
  show(inside: Inside, most: ReadonlyMap<Name, number>, hasSlowDisk: boolean): void {
    const shown = JSON.stringify([inside, [...most], hasSlowDisk])
    if (shown === this.#shown) return
    this.#shown = shown
    this.element.dataset.state = inside.state
    this.#document.disabled = inside.contents === undefined
    this.#showStatus(inside)
    this.#showVersion(inside, most)
    this.#showBuffer(inside)
    this.#disk.setAttribute('aria-checked', String(hasSlowDisk))
    if (inside.contents !== undefined) this.#showContents(inside.contents)
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #makeCard(): HTMLElement {
    const name = this.#name
    const card = make(
      'article',
      { class: 'card replica', data: { who: name }, attributes: { 'aria-label': `Replica of ${name}` } },
      make('header', {}, make('h2', { text: name }), this.#status),
      this.#document,
      make(
        'section',
        { class: 'inner' },
        make('h3', { text: 'Version vector', attributes: { title: 'How many edits of each writer are here' } }),
        this.#version,
        make('h3', { text: 'Causal buffer', attributes: { title: 'Edits that came before what they build on' } }),
        this.#buffer,
        make('h3', { text: 'Pending', attributes: { title: 'What it says that is not settled yet' } }),
        this.#pending,
      ),
      make('p', { class: 'off', text: 'Off. When it is switched on, it begins with what its disk kept.' }),
      make('footer', {}, this.#disk, this.#power),
    )
    return card
  }

  #makeDocument(): HTMLFieldSetElement {
    const name = this.#name
    const amount = (by: number, words: string): HTMLButtonElement =>
      make(
        'button',
        {
          class: 'round',
          attributes: { type: 'button', 'aria-label': `${words} (${name})` },
          onClick: () => this.#edit(({ votes }) => votes.add(by)),
        },
        icon(by > 0 ? 'plus' : 'minus'),
      )
    this.#title.setAttribute('aria-label', `Title (${name})`)
    this.#title.className = 'title'
    this.#area.setAttribute('aria-label', `Text (${name})`)
    this.#votes.setAttribute('aria-label', `Votes (${name})`)
    this.#newTag.setAttribute('aria-label', `New tag (${name})`)
    const addTag = make('form', { attributes: { novalidate: '' } }, this.#newTag)
    addTag.addEventListener('submit', (event) => {
      event.preventDefault()
      const tag = this.#newTag.value.trim()
      this.#newTag.value = ''
      if (tag !== '') this.#edit(({ tags }) => tags.add(tag.toWellFormed()))
    })
    return make(
      'fieldset',
      { class: 'document', attributes: { 'aria-label': `Document of ${name}` } },
      this.#title,
      this.#others,
      this.#area,
      make(
        'div',
        { class: 'row' },
        make('span', { class: 'name', text: 'Votes' }),
        amount(-1, 'One vote less'),
        this.#votes,
        amount(1, 'One vote more'),
      ),
      make('div', { class: 'row' }, make('span', { class: 'name', text: 'Tags' }), this.#tags, addTag),
    )
  }

  #listen(): void {
    const set = (): void => {
      const title = this.#title.value.trim()
      if (title !== '' && title !== this.#title.dataset.shown) this.#setTitle(title)
    }
    this.#title.addEventListener('change', set)
    this.#title.addEventListener('keydown', ({ key, isComposing }) => {
      if (key === 'Enter' && !isComposing) set()
    })
  }

  #setTitle(title: string): void {
    this.#edit((page) => page.title.set(title.toWellFormed()))
  }

  #edit(change: (page: Page) => void): void {
    this.#actions.edit(this.#name, change)
  }

  #showStatus(inside: Inside): void {
    const { state } = inside
    const { tone, text } = says(inside)
    this.#status.dataset.tone = tone
    say(this.#status, text)
    const lines = pendingLines(this.#name, inside)
    if (this.#pending.dataset.shown !== JSON.stringify(lines)) {
      this.#pending.dataset.shown = JSON.stringify(lines)
      this.#pending.replaceChildren(...lines.map((line) => make('li', { text: line })))
    }
    const isOff = state === 'down'
    if (this.#power.dataset.off !== String(isOff)) {
      this.#power.dataset.off = String(isOff)
      this.#power.replaceChildren(icon('power'), isOff ? 'Switch on' : 'Cut power')
      this.#power.setAttribute('aria-label', isOff ? `Switch on ${this.#name}` : `Cut power of ${this.#name}`)
    }
  }

  #showContents({ title, titles, note, votes, tags }: Contents): void {
    // A title that is being typed is left alone; it is set when it is done.
    if (this.#title.value === (this.#title.dataset.shown ?? '') || document.activeElement !== this.#title)
      this.#title.value = title
    this.#title.dataset.shown = title
    const others = titles.filter((one) => one !== title)
    this.#others.hidden = others.length === 0
    this.#others.replaceChildren(
      ...(others.length === 0 ? [] : [make('span', { text: 'or' })]),
      ...others.map((text) =>
        make('button', {
          text,
          class: 'choice',
          attributes: {
            type: 'button',
            title: 'Set at the same time: choose it',
            'aria-label': `Choose the title ${text} (${this.#name})`,
          },
          onClick: () => this.#setTitle(text),
        }),
      ),
    )
    this.#text.show(note)
    say(this.#votes, String(votes))
    const shown = this.#tags.dataset.shown
    if (shown === JSON.stringify(tags)) return
    this.#tags.dataset.shown = JSON.stringify(tags)
    this.#tags.replaceChildren(...tags.map((tag) => this.#makeTag(tag)))
  }

  #makeTag(tag: string): HTMLElement {
    const remove = make(
      'button',
      {
        attributes: { type: 'button', 'aria-label': `Remove the tag ${tag} (${this.#name})` },
        onClick: () => {
          this.#edit(({ tags }) => void tags.delete(tag))
          this.#newTag.focus()
        },
      },
      icon('close'),
    )
    return make('li', {}, tag, remove)
  }

  #showVersion({ version }: Inside, most: ReadonlyMap<Name, number>): void {
    const rows = [...most].flatMap(([by, all]) => {
      const entry = version.find((one) => one.by === by) ?? { by, held: 0, durable: 0 }
      const bar = make('span', { class: 'bar', data: { who: by } }, make('i'), make('b'))
      bar.style.setProperty('--held', String(entry.held / all))
      bar.style.setProperty('--durable', String(entry.durable / all))
      const lacking = all - entry.held
      const text =
        entry.durable < entry.held ? `${entry.held}, ${entry.held - entry.durable} unsaved` : String(entry.held)
      const title = `${by}: ${entryWords(entry)}${lacking > 0 ? `; ${lacking} are not here` : ''}`
      return [
        make('dt', { text: by, attributes: { title } }),
        make('dd', { class: lacking > 0 ? 'lacking' : '', attributes: { title } }, bar, make('span', { text })),
      ]
    })
    this.#version.replaceChildren(...rows)
  }

  #showBuffer({ waiting, missing }: Inside): void {
    this.#buffer.classList.toggle('holds', waiting.length > 0)
    const words =
      waiting.length === 0
        ? ['Empty: nothing waits.']
        : [...tokens(waiting), ' waits until ', ...tokens(missing), ' is here']
    this.#buffer.replaceChildren(make('p', {}, ...words))
  }
}

function tokens(edits: readonly Edits[]): (Node | string)[] {
  return edits.flatMap((each, index) => [
    ...(index === 0 ? [] : [' ']),
    make('span', { class: 'token', text: editsWords(each), data: { who: each.by } }),
  ])
}
