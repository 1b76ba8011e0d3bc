// Invariant 7: the old value plus the patches is the new value, and the old one stays as it was.

import { expect, test } from 'vitest'
import { applyPatches, createDoc, log, set } from '../../src/doc.ts'

test('many patches of one value do not copy it for each, and leave the old one as it was', () => {
  const doc = createDoc({ actor: new Uint8Array([1]) })
  doc.change((d) => {
    d.items = [0]
    d.lines = log()
    d.tags = set()
    d.map = {}
  })
  const old = doc.value
  const kept = structuredClone(old)
  let mirror: unknown = old
  const start = { ms: 0 }
  doc.on('patch', ({ patches }) => {
    expect(patches.length).toBeGreaterThan(50_000)
    start.ms = performance.now()
    mirror = applyPatches(mirror, patches)
  })
  doc.change((d) => {
    for (let i = 0; i < 20_000; i++) {
      d.items.unshift(i)
      d.lines.push(i)
      d.map[`key ${i}`] = i
      if (i % 5 === 0) d.tags.add(`tag ${i}`)
    }
    for (let i = 0; i < 10_000; i++) d.items.splice(5, 1)
  })
  expect(mirror).toEqual(doc.value)
  // Copied for each patch, that would take a minute.
  expect(performance.now() - start.ms).toBeLessThan(10_000)
  expect(old).toEqual(kept)
})

test('patches that point past the end of a list belong to another value', () => {
  expect(() => applyPatches({ a: [1] }, [{ type: 'set', path: ['a', 3], value: 1 }])).toThrow('another value')
})
