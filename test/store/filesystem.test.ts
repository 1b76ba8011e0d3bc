// The contract on files, and what only files can suffer: other processes, crashes, flipped bits, full and forbidden disks.

import { afterAll } from 'vitest'
import { filesystemStore } from '../../src/store/filesystem.ts'
import { storeContract } from './contract.ts'
import { freshFolder, removeFolders } from './folders.ts'

afterAll(removeFolders)

storeContract('filesystem', { fresh: freshFolder, open: filesystemStore(), several: false })
storeContract('filesystem, small segments', {
  fresh: freshFolder,
  open: filesystemStore({ segmentBytes: 200 }),
  several: false,
})
