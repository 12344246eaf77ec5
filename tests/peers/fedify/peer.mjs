// One person, Zoé, on a server made of Fedify. Tests say what she does by POST /act, and ask what came by GET /seen.
// argv: the signature scheme that it speaks, and the only one that it takes.
import { createServer } from 'node:http'
import { Temporal } from '@js-temporal/polyfill'
import {
  Accept, Create, createFederation, Delete, Endpoints, Follow, generateCryptoKeyPair, Like, MemoryKvStore, Note, Person,
  PUBLIC_COLLECTION, Tombstone, Update,
} from '@fedify/fedify'

// Fedify asks for Node 22 for this alone.
ArrayBuffer.prototype.transfer ??= function transfer(length = this.byteLength) {
  const moved = new Uint8Array(length)
  moved.set(new Uint8Array(this).subarray(0, length))
  return moved.buffer
}

const scheme = process.argv[2]
const firstKnock = scheme === 'rfc9421' ? 'rfc9421' : 'draft-cavage-http-signatures-12'
const seen = []
const notes = new Map()
const followers = new Map()
let count = 0

const server = createServer(async (asked, answer) => {
  const chunks = []
  for await (const chunk of asked) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const { status, headers, text } = await handle(asked, body)
  answer.writeHead(status, headers).end(text)
})
await new Promise((done) => server.listen(0, '127.0.0.1', done))
const origin = `http://localhost:${server.address().port}`

const federation = createFederation({ kv: new MemoryKvStore(), allowPrivateAddress: true, origin, firstKnock })
const context = () => federation.createContext(new URL(origin))
const keys = await Promise.all([generateCryptoKeyPair('RSASSA-PKCS1-v1_5'), generateCryptoKeyPair('Ed25519')])

federation.setActorDispatcher('/users/{identifier}', async (ctx, identifier) => {
  if (identifier !== 'zoe') return null
  const pairs = await ctx.getActorKeyPairs(identifier)
  return new Person({
    id: ctx.getActorUri(identifier), preferredUsername: 'zoe', name: 'Zoé', inbox: ctx.getInboxUri(identifier),
    followers: ctx.getFollowersUri(identifier), endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
    publicKey: pairs[0].cryptographicKey, assertionMethods: pairs.map(({ multikey }) => multikey),
  })
}).setKeyPairsDispatcher(() => keys)
federation.setFollowersDispatcher('/users/{identifier}/followers', () => ({ items: [...followers.values()] }))
federation.setObjectDispatcher(Note, '/notes/{id}', (_ctx, { id }) => notes.get(id) ?? null)

const inbox = federation.setInboxListeners('/users/{identifier}/inbox', '/inbox')
for (const kind of [Accept, Create, Delete, Follow, Like, Update]) {
  inbox.on(kind, async (ctx, activity) => {
    seen.push(await activity.toJsonLd({ format: 'compact', contextLoader: ctx.contextLoader }))
    if (activity instanceof Follow) await accept(ctx, activity)
  })
}
inbox.onError((_ctx, error) => console.error(error))

async function accept(ctx, follow) {
  const follower = await follow.getActor(ctx)
  followers.set(follower.id.href, follower)
  await send(follower, new Accept({ id: next(), actor: me(), object: follow }))
}

const me = () => context().getActorUri('zoe')
const next = () => new URL(`${origin}/activities/${++count}`)
const send = (to, activity) => context().sendActivity({ identifier: 'zoe' }, to, activity)

function write(id, { text, inReplyTo, to }) {
  const note = new Note({
    id: new URL(`${origin}/notes/${id}`), attribution: me(), content: `<p>${text}</p>`, to: PUBLIC_COLLECTION,
    ccs: [context().getFollowersUri('zoe'), new URL(to)], replyTarget: inReplyTo ? new URL(inReplyTo) : null,
    published: Temporal.Now.instant(),
  })
  notes.set(id, note)
  return note
}

// What Zoé does, by name. `to` is the person it goes to.
const acts = {
  async follow(to) {
    return new Follow({ id: next(), actor: me(), object: to.id })
  },
  async like(to, { object }) {
    return new Like({ id: next(), actor: me(), object: new URL(object) })
  },
  async post(to, said) {
    const object = write(`${++count}`, said)
    return new Create({ id: next(), actor: me(), object, to: PUBLIC_COLLECTION, ccs: [to.id] })
  },
  async edit(to, said) {
    const object = write(said.object.split('/').at(-1), said).clone({ updated: Temporal.Now.instant() })
    return new Update({ id: next(), actor: me(), object, to: PUBLIC_COLLECTION, ccs: [to.id] })
  },
  async delete(to, { object }) {
    notes.delete(object.split('/').at(-1))
    return new Delete({ id: next(), actor: me(), object: new Tombstone({ id: new URL(object) }), to: PUBLIC_COLLECTION })
  },
}

async function act(said) {
  const ctx = context()
  const documentLoader = await ctx.getDocumentLoader({ identifier: 'zoe' })
  const { document } = await documentLoader(said.to)
  const to = await Person.fromJsonLd(document, { documentLoader, contextLoader: ctx.contextLoader })
  const activity = await acts[said.act](to, said)
  await send(to, activity)
  return { object: activity.objectId?.href }
}

async function handle(asked, body) {
  try {
    if (asked.url === '/seen') return { status: 200, text: JSON.stringify(seen) }
    if (asked.url === '/act') return { status: 200, text: JSON.stringify(await act(JSON.parse(body))) }
    if (asked.method === 'POST' && (scheme === 'rfc9421') !== ('signature-input' in asked.headers)) return { status: 401, text: '' }
    const headers = new Headers(Object.entries(asked.headers))
    const request = new Request(origin + asked.url, { method: asked.method, headers, body: asked.method === 'POST' ? body : null })
    const answer = await federation.fetch(request, { contextData: undefined })
    return { status: answer.status, headers: Object.fromEntries(answer.headers), text: Buffer.from(await answer.arrayBuffer()) }
  } catch (error) {
    console.error(error)
    return { status: 500, text: `${error}` }
  }
}

// Only now may somebody ask.
console.log(origin)
