// What both libraries need: people who let the app in at the page, and a little patience.
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

export const base = process.argv[2]
export const SCOPES = 'read write follow push'
export const OUT_OF_BAND = 'urn:ietf:wg:oauth:2.0:oob'

// One red pixel.
export const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  'base64',
)

// Libraries hang whole requests on what they throw: what was answered is enough.
process.on('uncaughtException', (error) => {
  console.error(error.stack, error.response?.data ?? '')
  process.exit(1)
})

const codes = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** The code that the page shows to somebody who lets the app in there: whoever started us opens it for them. */
export async function consent(name, address) {
  console.log(`${name} ${address}`)
  return (await codes.next()).value
}

/** Ask until the answer is true. */
export async function until(ask, complaint) {
  for (let waited = 0, step = 20; waited < 60_000; waited += step, step = Math.min(step * 1.5, 1000)) {
    const answer = await ask()
    if (answer) return answer
    await pause(step)
  }
  throw new Error(complaint)
}

/** The refusal of something that must be refused. */
export async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('this should have been refused')
}

/** All went well. Timers that libraries leave behind are not waited for. */
export function finish() {
  process.exit(0)
}
