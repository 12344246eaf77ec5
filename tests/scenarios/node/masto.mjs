// A ward's evening with masto.js, the library of Elk and Phanpy.
import assert from 'node:assert/strict'
import { createOAuthAPIClient, createRestAPIClient, createStreamingAPIClient } from 'masto'
import WebSocket from 'ws'
import { base, consent, finish, OUT_OF_BAND, picture, refusal, SCOPES, until } from './person.mjs'

const app = await createRestAPIClient({ url: base }).v1.apps.create({
  clientName: 'Elk', redirectUris: [OUT_OF_BAND], scopes: SCOPES,
})
const oauth = createOAuthAPIClient({ url: base })
const credentials = { clientId: app.clientId, clientSecret: app.clientSecret }

async function signIn(name) {
  const query = new URLSearchParams({
    client_id: app.clientId, redirect_uri: OUT_OF_BAND, response_type: 'code', scope: SCOPES, force_login: 'true',
  })
  const code = await consent(name, `${base}/oauth/authorize?${query}`)
  const token = await oauth.token.create({
    grantType: 'authorization_code', ...credentials, redirectUri: OUT_OF_BAND, code, scope: SCOPES,
  })
  return { rest: createRestAPIClient({ url: base, accessToken: token.accessToken }), token: token.accessToken }
}

const anna = await signIn('anna')
const ben = await signIn('ben')
const { v1, v2 } = anna.rest

// Who one is, and what this server can do.
const me = await v1.accounts.verifyCredentials()
assert.equal(me.username, 'anna')
assert.equal((await v1.apps.verifyCredentials()).name, 'Elk')
const instance = await v2.instance.fetch()
assert.match(instance.version, /^4\.\d+\.\d+ \(compatible; /)
assert.equal((await v1.preferences.fetch())['posting:default:language'] ?? 'en', 'en')
assert.ok((await v1.customEmojis.list()).length)

// Streams: several subscriptions on one socket, whose address the server says.
const streaming = createStreamingAPIClient({
  streamingApiUrl: instance.configuration.urls.streaming, accessToken: anna.token, implementation: WebSocket,
})
const heard = []
async function listen(name, subscription) {
  for await (const event of subscription) heard.push([name, event])
}
const subscriptions = [
  ['user', streaming.user.subscribe()], ['tag', streaming.hashtag.subscribe({ tag: 'ecg' })],
  ['local', streaming.public.local.subscribe()], ['direct', streaming.direct.subscribe()],
]
const listening = subscriptions.map(([name, subscription]) => listen(name, subscription))
const hear = (name, kind, fits) =>
  until(() => heard.find(([where, { event, payload }]) => where === name && event === kind && fits(payload)), `no ${kind}`)
await until(async () => {
  // Subscriptions are asked for by messages that nothing answers: the first post that comes back shows that they hold.
  await v1.statuses.create({ status: 'suis-je entendue ? #ecg', visibility: 'public' })
  const names = new Set(heard.map(([name]) => name))
  return names.has('user') && names.has('tag') && names.has('local')
}, 'nothing is streamed')

// Follow each other, write, answer.
const { id: bens } = await v1.accounts.lookup({ acct: 'ben' })
assert.equal((await v1.accounts.$select(bens).follow()).following, true)
await ben.rest.v1.accounts.$select(me.id).follow()
await hear('user', 'notification', (payload) => payload.type === 'follow')
const media = await v2.media.create({ file: new Blob([picture], { type: 'image/png' }), description: 'Un tracé' })
assert.ok(media.url.startsWith(base))
const post = await v1.statuses.create({
  status: 'Un cas #ecg', spoilerText: 'cas', mediaIds: [media.id], visibility: 'public', language: 'fr',
}, { requestInit: { headers: { 'Idempotency-Key': 'once' } } })
const again = await v1.statuses.create({ status: 'Un cas #ecg' }, { requestInit: { headers: { 'Idempotency-Key': 'once' } } })
assert.equal(again.id, post.id)
assert.equal(post.mediaAttachments[0].description, 'Un tracé')
for (const name of ['user', 'tag', 'local']) await hear(name, 'update', (payload) => payload.id === post.id)
const answer = await ben.rest.v1.statuses.create({ status: '@anna merci', inReplyToId: post.id })
await hear('user', 'notification', (payload) => payload.type === 'mention' && payload.status.id === answer.id)
assert.deepEqual((await v1.statuses.$select(post.id).context.fetch()).descendants.map(({ id }) => id), [answer.id])
const edited = await v1.statuses.$select(post.id).update({ status: 'Un cas revu #ecg', mediaIds: [media.id] })
assert.ok(edited.editedAt)
await hear('user', 'status.update', (payload) => payload.id === post.id)
assert.equal((await v1.statuses.$select(post.id).history.list()).length, 2)
assert.equal((await v1.statuses.$select(post.id).source.fetch()).text, 'Un cas revu #ecg')
const letter = await ben.rest.v1.statuses.create({ status: '@anna entre nous', visibility: 'direct' })
await hear('direct', 'conversation', (payload) => payload.lastStatus.id === letter.id)
const [conversation] = await v1.conversations.list()
assert.equal((await v1.conversations.$select(conversation.id).read()).unread, false)

// Mark, page, and poll.
const its = ben.rest.v1.statuses.$select(post.id)
for (const act of ['favourite', 'reblog', 'bookmark']) await its[act]()
assert.equal((await its.fetch()).favouritesCount, 1)
assert.deepEqual((await v1.statuses.$select(post.id).favouritedBy.list()).map(({ username }) => username), ['ben'])
assert.equal((await ben.rest.v1.bookmarks.list())[0].id, post.id)
assert.equal((await v1.statuses.$select(post.id).pin()).pinned, true)
assert.equal((await v1.accounts.$select(me.id).statuses.list({ pinned: true }))[0].id, post.id)
const seen = []
for await (const page of v1.timelines.home.list({ limit: 1 }).values()) seen.push(...page.map(({ id }) => id))
assert.ok(seen.includes(post.id) && new Set(seen).size === seen.length && seen.length > 2)
const asked = await ben.rest.v1.statuses.create({ status: 'Colchicine ?', poll: { options: ['oui', 'non'], expiresIn: 3600 } })
assert.equal((await v1.polls.$select(asked.poll.id).votes.create({ choices: [0] })).voted, true)
assert.match((await refusal(v1.polls.$select(asked.poll.id).votes.create({ choices: [1] }))).message, /already voted/)
const kinds = (await v1.notifications.list()).map(({ type }) => type)
for (const kind of ['follow', 'mention', 'favourite', 'reblog']) assert.ok(kinds.includes(kind), kind)
const grouped = await v2.notifications.list()
assert.ok(grouped.notificationGroups.some(({ type, statusId }) => type === 'favourite' && statusId === post.id))
assert.ok((await v2.notifications.unreadCount.fetch()).count > 0)
await v1.markers.create({ notifications: { lastReadId: grouped.notificationGroups[0].mostRecentNotificationId } })
assert.ok((await v1.markers.fetch({ timeline: ['notifications'] })).notifications.version >= 0)

// Lists, filters, tags, search.
const list = await v1.lists.create({ title: 'Service' })
await v1.lists.$select(list.id).accounts.create({ accountIds: [bens] })
assert.deepEqual((await v1.lists.$select(list.id).accounts.list()).map(({ id }) => id), [bens])
const listed = await ben.rest.v1.statuses.create({ status: 'Astreinte de nuit' })
assert.equal((await v1.timelines.list.$select(list.id).list())[0].id, listed.id)
const filter = await v2.filters.create({
  title: 'Garde', context: ['home'], filterAction: 'warn', keywordsAttributes: [{ keyword: 'astreinte', wholeWord: true }],
})
assert.equal((await v1.timelines.home.list())[0].filtered[0].filter.id, filter.id)
await v2.filters.$select(filter.id).remove()
assert.equal((await v1.tags.$select('ecg').follow()).following, true)
assert.equal((await v1.followedTags.list())[0].name, 'ecg')
assert.equal((await v1.timelines.tag.$select('ecg').list())[0].id, post.id)
const found = await v2.search.list({ q: 'revu' })
assert.deepEqual(found.statuses.map(({ id }) => id), [post.id])
assert.equal((await v2.search.list({ q: '@ben', type: 'accounts', resolve: true })).accounts[0].id, bens)

// Put off, keep away, leave.
const later = new Date(Date.now() + 3_600_000).toISOString()
const waiting = await v1.statuses.create({ status: 'Demain', scheduledAt: later })
assert.equal((await v1.scheduledStatuses.list())[0].id, waiting.id)
await v1.scheduledStatuses.$select(waiting.id).remove()
for (const [act, undo, said] of [['mute', 'unmute', 'muting'], ['block', 'unblock', 'blocking']]) {
  assert.equal((await v1.accounts.$select(bens)[act]())[said], true)
  assert.equal((await v1.accounts.relationships.fetch({ id: [bens] }))[0][said], true)
  assert.equal((await v1.accounts.$select(bens)[undo]())[said], false)
}
const name = await v1.accounts.updateCredentials({ displayName: 'Dr Anna', fieldsAttributes: [{ name: 'Service', value: 'Cardiologie' }] })
assert.ok(name.fields.some(({ value }) => value === 'Cardiologie'))
assert.equal((await refusal(v1.statuses.$select('1').fetch())).statusCode, 404)
await v1.statuses.$select(post.id).remove()
await hear('user', 'delete', (payload) => payload === post.id)
streaming.close()
await Promise.all(listening)
await oauth.revoke({ ...credentials, token: anna.token })
assert.equal((await refusal(v1.accounts.verifyCredentials())).statusCode, 401)
finish()
