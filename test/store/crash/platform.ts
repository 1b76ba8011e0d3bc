// What a simulated disk borrows of the platform: for speed, and so that what is compressed is crashed too.

import { nodeDisk } from '../../../src/store/filesystem/node-disk.ts'

export const platform = { crc32: nodeDisk.crc32, ...(nodeDisk.codec && { codec: nodeDisk.codec }) }
