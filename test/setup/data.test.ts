import { expect, test } from 'vitest'
import { dataPath, hasData } from './data.ts'

test.runIf(hasData('traces/README.md'))('the test data is found beside the project or where JOINERY_DATA says', () => {
  expect(dataPath('traces/README.md')).toMatch(/traces.README\.md$/)
  expect(hasData('traces/no-such-trace')).toBe(false)
})
