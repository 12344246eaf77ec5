// The same evening with megalodon, the library of Whalebird and Fedistar.
import assert from 'node:assert/strict'
import megalodon from 'megalodon'
import { base, consent, finish, picture, refusal, SCOPES, until } from './person.mjs'

const { default: generate, detector } = megalodon
const kind = await detector(base)
assert.equal(kind, 'mastodon')

async function signIn(name) {
  const stranger = generate(kind, base)
  const app = await stranger.registerApp('Whalebird', { scopes: SCOPES.split(' ') })
  const token = await stranger.fetchAccessToken(app.client_id, app.client_secret, await consent(name, app.url))
  const client = generate(kind, base, token.access_token)
  return { client, leave: () => client.revokeToken(app.client_id, app.client_secret, token.access_token) }
}

const { client: anna, leave } = await signIn('anna')
const { client: ben } = await signIn('ben')
const me = (await anna.verifyAccountCredentials()).data
assert.equal(me.username, 'anna')
assert.equal((await anna.verifyAppCredentials()).data.name, 'Whalebird')
assert.match((await anna.getInstance()).data.version, /^4\./)
assert.ok((await anna.getPreferences()).data)
const bens = (await anna.searchAccount('ben', { resolve: true })).data[0].id
const found = (await ben.lookupAccount('anna')).data
assert.equal(found.id, me.id)

// One socket for each stream, its token in the query; it opens by itself, and says so once.
const heard = []
const streams = []
async function listen(name, opening) {
  const stream = await opening
  streams.push(stream)
  for (const event of ['update', 'notification', 'delete', 'status_update']) {
    stream.on(event, (payload) => heard.push([name, event, payload]))
  }
  await new Promise((resolve, reject) => {
    stream.on('connect', resolve)
    stream.on('error', reject)
  })
}
await listen('user', anna.userStreaming())
await listen('local', anna.localStreaming())
await listen('tag', anna.tagStreaming('ecg'))
const hear = (name, kind, fits) =>
  until(() => heard.find(([where, event, payload]) => where === name && event === kind && fits(payload)), `no ${kind}`)

// Follow each other, write, answer.
assert.equal((await anna.followAccount(bens)).data.following, true)
await ben.followAccount(me.id)
await hear('user', 'notification', ({ type }) => type === 'follow')
const media = (await anna.uploadMedia(Object.assign(picture, { name: 'ecg.png' }), { description: 'Un tracé' })).data
assert.equal((await anna.updateMedia(media.id, { description: 'Un beau tracé' })).data.description, 'Un beau tracé')
const post = (await anna.postStatus('Un cas #ecg', { media_ids: [media.id], spoiler_text: 'cas', visibility: 'public' })).data
for (const name of ['user', 'local', 'tag']) await hear(name, 'update', ({ id }) => id === post.id)
const answer = (await ben.postStatus('@anna merci', { in_reply_to_id: post.id })).data
await hear('user', 'notification', ({ type, status }) => type === 'mention' && status.id === answer.id)
assert.deepEqual((await anna.getStatusContext(post.id)).data.descendants.map(({ id }) => id), [answer.id])
await anna.editStatus(post.id, { status: 'Un cas revu #ecg', media_ids: [media.id] })
await hear('user', 'status_update', ({ id }) => id === post.id)
assert.equal((await anna.getStatusSource(post.id)).data.text, 'Un cas revu #ecg')
await ben.postStatus('@anna entre nous', { visibility: 'direct' })
const [conversation] = (await anna.getConversationTimeline()).data
assert.equal((await anna.readConversation(conversation.id)).data.unread, false)

// Mark, page, and poll.
for (const act of ['favouriteStatus', 'reblogStatus', 'bookmarkStatus']) await ben[act](post.id)
assert.equal((await anna.getStatusFavouritedBy(post.id)).data[0].id, bens)
assert.equal((await anna.getStatusRebloggedBy(post.id)).data[0].id, bens)
assert.equal((await ben.getBookmarks()).data[0].id, post.id)
assert.equal((await ben.getFavourites()).data[0].id, post.id)
assert.equal((await anna.pinStatus(post.id)).data.pinned, true)
const asked = (await ben.postStatus('Colchicine ?', { poll: { options: ['oui', 'non'], expires_in: 3600 } })).data
assert.equal((await anna.votePoll(asked.poll.id, [1])).data.own_votes?.[0] ?? 1, 1)
assert.equal((await refusal(anna.votePoll(asked.poll.id, [1]))).response.data.error, 'Validation failed: You have already voted on this poll')
const home = (await anna.getHomeTimeline({ limit: 1 })).data
assert.notEqual((await anna.getHomeTimeline({ limit: 1, max_id: home[0].id })).data[0].id, home[0].id)
assert.ok((await anna.getNotifications({ limit: 40 })).data.some(({ type }) => type === 'favourite'))
await anna.saveMarkers({ home: { last_read_id: home[0].id } })
assert.equal((await anna.getMarkers(['home'])).data.home.last_read_id, home[0].id)

// Lists, filters (of the first version), tags, search.
const list = (await anna.createList('Service')).data
await anna.addAccountsToList(list.id, [bens])
assert.equal((await anna.getAccountsInList(list.id)).data[0].id, bens)
await listen('list', anna.listStreaming(list.id))
const listed = (await ben.postStatus('Astreinte de nuit')).data
await hear('list', 'update', ({ id }) => id === listed.id)
assert.equal((await anna.getListTimeline(list.id)).data[0].id, listed.id)
const filter = (await anna.createFilter('astreinte', ['home'])).data
assert.ok((await anna.getFilters()).data.some(({ id }) => id === filter.id))
await anna.deleteFilter(filter.id)
assert.equal((await anna.followTag('ecg')).data.following, true)
assert.equal((await anna.getTagTimeline('ecg')).data[0].id, post.id)
assert.deepEqual((await anna.search('revu', { type: 'statuses' })).data.statuses.map(({ id }) => id), [post.id])

// Put off, keep away, leave.
const waiting = (await anna.postStatus('Demain', { scheduled_at: new Date(Date.now() + 3_600_000).toISOString() })).data
assert.equal((await anna.getScheduledStatuses()).data[0].id, waiting.id)
await anna.cancelScheduledStatus(waiting.id)
for (const [act, undo, said] of [['muteAccount', 'unmuteAccount', 'muting'], ['blockAccount', 'unblockAccount', 'blocking']]) {
  assert.equal((await anna[act](bens, true)).data[said], true)
  assert.equal((await anna[undo](bens)).data[said], false)
}
await anna.blockDomain('far.example')
assert.deepEqual((await anna.getDomainBlocks()).data, ['far.example'])
await anna.unblockDomain('far.example')
const changed = (await anna.updateCredentials({ display_name: 'Dr Anna', fields_attributes: [{ name: 'Service', value: 'Cardiologie' }] })).data
assert.ok(changed.fields.some(({ value }) => value === 'Cardiologie'))
await anna.report(bens, { comment: 'pour voir', category: 'other' })
assert.equal((await refusal(anna.getStatus('1'))).response.status, 404)
await anna.deleteStatus(post.id)
await hear('user', 'delete', (id) => String(id) === post.id)
for (const stream of streams) stream.stop()
await leave()
assert.equal((await refusal(anna.verifyAccountCredentials())).response.status, 401)
finish()
