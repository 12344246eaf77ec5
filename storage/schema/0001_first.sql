-- Times are unix milliseconds, ids snowflakes, booleans 0 or 1, lists JSON text. Written for SQLite; engines.py says
-- what PostgreSQL reads instead. schema/current.sql is the sum of all migrations; a test holds the two together.

CREATE TABLE instance (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE rulesets (
  version INTEGER PRIMARY KEY,
  body TEXT NOT NULL,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE ruleset_drafts (
  id INTEGER PRIMARY KEY,
  base INTEGER NOT NULL,             -- the version that it was written against
  body TEXT NOT NULL,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE actors (
  id INTEGER PRIMARY KEY,
  uri TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL,                -- '' for our own
  type TEXT NOT NULL,                -- Person, Service, Group, Application
  username TEXT NOT NULL,
  handle_host TEXT NOT NULL,         -- the part after the second @; '' for our own
  name TEXT NOT NULL DEFAULT '',
  summary TEXT NOT NULL DEFAULT '',  -- cleaned HTML
  url TEXT NOT NULL DEFAULT '',
  avatar TEXT,                       -- remote address, or the file of our own media
  header TEXT,
  fields TEXT NOT NULL DEFAULT '[]',
  emojis TEXT NOT NULL DEFAULT '[]',
  capabilities TEXT NOT NULL DEFAULT '[]',
  inbox TEXT NOT NULL,
  shared_inbox TEXT,
  outbox TEXT,
  followers TEXT,
  following TEXT,
  credential TEXT,                   -- where a remote actor's attestation stands
  locked INTEGER NOT NULL DEFAULT 0,
  discoverable INTEGER NOT NULL DEFAULT 0,
  indexable INTEGER NOT NULL DEFAULT 0,
  followers_count INTEGER NOT NULL DEFAULT 0,   -- groups and group-only posts never count
  following_count INTEGER NOT NULL DEFAULT 0,
  statuses_count INTEGER NOT NULL DEFAULT 0,
  last_status_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  fetched_at INTEGER,
  disabled_at INTEGER,               -- suspended, deleted, or not let in yet: nothing of it is shown
  host_suspended INTEGER NOT NULL DEFAULT 0,
  moved_to_id INTEGER REFERENCES actors (id) ON DELETE SET NULL,  -- who it has become, checked from both sides
  moved_at INTEGER,                  -- stays when the move is taken back
  disabled_by TEXT NOT NULL DEFAULT '',         -- who suspended it, and may take that back: here, home; erasing, '': it is deleted
  silenced_at INTEGER,               -- shown only to who follows it, or goes to look at it
  sensitized_at INTEGER,             -- all its pictures are hidden at first
  hide_collections INTEGER NOT NULL DEFAULT 0,  -- of ours: nobody else is shown whom it follows and who follows it
  version INTEGER NOT NULL DEFAULT 0,           -- one more at every change of the row
  UNIQUE (username, handle_host)
) STRICT;

CREATE INDEX actors_by_host ON actors (host);
CREATE INDEX actors_erasing ON actors (id) WHERE disabled_by = 'erasing';
CREATE INDEX actors_by_target ON actors (moved_to_id) WHERE moved_to_id IS NOT NULL;
CREATE INDEX actors_by_url ON actors (url);
CREATE INDEX actors_by_name ON actors (lower(username), handle_host);

CREATE TABLE actor_keys (
  uri TEXT PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  algorithm TEXT NOT NULL,           -- rsa-v1_5-sha256, ed25519
  public BLOB NOT NULL,              -- SubjectPublicKeyInfo, DER
  private BLOB,                      -- PKCS #8, DER; only our own
  fetched_at INTEGER NOT NULL
) STRICT;

CREATE INDEX actor_keys_by_actor ON actor_keys (actor_id);

-- Accounts here: of people, and of the institution itself (channels: no address, no password, several operators).
CREATE TABLE members (
  actor_id INTEGER PRIMARY KEY REFERENCES actors (id) ON DELETE CASCADE,
  email TEXT NOT NULL,               -- '' for a channel
  password_hash TEXT NOT NULL,       -- argon2id; '' when only a sign-in link opens the account
  role TEXT NOT NULL DEFAULT 'member',
  locale TEXT NOT NULL DEFAULT 'fr',
  default_audience TEXT NOT NULL DEFAULT 'followers',
  created_at INTEGER NOT NULL,
  disabled_at INTEGER,
  default_sensitive INTEGER NOT NULL DEFAULT 0,
  default_language TEXT NOT NULL DEFAULT '',  -- of posts; '' for the locale
  confirmed_at INTEGER,              -- NULL until who signed up has shown that the e-mail address is theirs
  approved_at INTEGER,               -- NULL until somebody has let them in. While either is, the actor is disabled
  reason TEXT NOT NULL DEFAULT '',   -- why they want an account, for who lets them in; '' from then on
  default_quote_policy TEXT NOT NULL DEFAULT 'public'  -- of posts: public, followers, nobody
) STRICT;

CREATE INDEX members_waiting ON members (actor_id) WHERE confirmed_at IS NULL OR approved_at IS NULL;

-- Links that were mailed to who signed up, each for one address. The newest of a member is good, once.
CREATE TABLE email_confirmations (
  actor_id INTEGER PRIMARY KEY REFERENCES actors (id) ON DELETE CASCADE,
  hash TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL,
  back TEXT NOT NULL,                -- where in the browser they came from, as the request of an app; '' for nowhere
  expires_at INTEGER NOT NULL
) STRICT;

-- Who used an app in which week, to be counted.
CREATE TABLE member_weeks (
  week INTEGER NOT NULL,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  PRIMARY KEY (week, actor_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX members_by_email ON members (email) WHERE email <> '';

-- Who may act as a channel.
CREATE TABLE channel_operators (
  channel_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (channel_id, actor_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX channel_operators_by_actor ON channel_operators (actor_id);

CREATE TABLE attestations (
  actor_id INTEGER PRIMARY KEY REFERENCES actors (id) ON DELETE CASCADE,
  uri TEXT NOT NULL UNIQUE,
  issuer TEXT NOT NULL,
  level INTEGER NOT NULL,
  profession TEXT NOT NULL,
  specialties TEXT NOT NULL DEFAULT '[]',
  jurisdiction TEXT NOT NULL DEFAULT '',
  register TEXT NOT NULL DEFAULT '',
  checked_at INTEGER NOT NULL,
  valid_until INTEGER NOT NULL,      -- ours: end of the standing; another's: end of the credential
  revoked_at INTEGER,
  fetched_at INTEGER NOT NULL
) STRICT;

CREATE INDEX attestations_by_fetched ON attestations (fetched_at);

CREATE TABLE groups (
  actor_id INTEGER PRIMARY KEY REFERENCES actors (id) ON DELETE CASCADE,
  local INTEGER NOT NULL,
  joining TEXT NOT NULL DEFAULT 'request',    -- automatic, request, invite
  posting TEXT NOT NULL DEFAULT 'members',    -- members, moderators
  reach TEXT NOT NULL DEFAULT '[]',           -- hosts; for a remote group, what its home last told us
  listed INTEGER NOT NULL DEFAULT 1,
  lease_hours INTEGER NOT NULL DEFAULT 24,
  epoch INTEGER NOT NULL DEFAULT 0,           -- remote: highest seen
  pulled_at INTEGER NOT NULL DEFAULT 0,       -- remote: last slice
  pull_due_at INTEGER NOT NULL DEFAULT 0,
  pull_lease_until INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  description TEXT NOT NULL DEFAULT '',       -- as it was written
  rules TEXT NOT NULL DEFAULT '[]',           -- of the group, for its members
  level INTEGER NOT NULL DEFAULT 0,           -- criteria, each narrowed by the ruleset; '[]' asks nothing
  professions TEXT NOT NULL DEFAULT '[]',
  specialties TEXT NOT NULL DEFAULT '[]',
  countries TEXT NOT NULL DEFAULT '[]',
  files INTEGER NOT NULL DEFAULT 1,           -- posts may have some
  members_shown TEXT NOT NULL DEFAULT 'members',  -- to whom the list of members is: members, moderators
  retention_days INTEGER NOT NULL DEFAULT 0,  -- after which posts go everywhere; 0: never
  case_days INTEGER NOT NULL DEFAULT 365,     -- the same for those with the tag of a case
  closed TEXT NOT NULL DEFAULT '',            -- archived, purging, purged; remote: lost
  question_tag TEXT NOT NULL DEFAULT 'doctoctoc',  -- what makes a post of the group a question; '' for nothing
  questions_of TEXT NOT NULL DEFAULT '',      -- the specialty whose questions in other groups are offered to this one
  reviewed_rules INTEGER NOT NULL DEFAULT 0,  -- the ruleset by which its members were last looked at; 0: the settings are newer
  unconfirmed INTEGER NOT NULL DEFAULT 0,     -- ours, restored without a whole journal: somebody must look at its members
  silent_since INTEGER NOT NULL DEFAULT 0,    -- remote: its home has given no answer since; 0: it does
  lost_until INTEGER NOT NULL DEFAULT 0       -- remote: declared lost; until then its members here may read what is here
) STRICT;

CREATE TABLE memberships (
  id INTEGER PRIMARY KEY,
  group_id INTEGER NOT NULL REFERENCES groups (actor_id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  state TEXT NOT NULL,               -- invited, pending, active, unconfirmed (restored), ended, banned
  moderator INTEGER NOT NULL DEFAULT 0,
  follow_uri TEXT NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL,      -- our own groups: a member's here ends with the attestation
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  UNIQUE (group_id, actor_id)
) STRICT;

CREATE INDEX memberships_by_actor ON memberships (actor_id);

CREATE TABLE purges (
  group_id INTEGER NOT NULL REFERENCES groups (actor_id) ON DELETE CASCADE,
  host TEXT NOT NULL,                -- that was without members and says that it keeps nothing; '' is this one
  epoch INTEGER NOT NULL,            -- up to which act on a membership of its people that is true
  purged_at INTEGER NOT NULL,
  PRIMARY KEY (group_id, host)
) STRICT;

CREATE TABLE policy_offers (
  group_id INTEGER NOT NULL REFERENCES groups (actor_id) ON DELETE CASCADE,
  host TEXT NOT NULL,                -- whose people's posts go no further than it agreed to; of a group of ours
  agreed TEXT NOT NULL,              -- hosts
  epoch INTEGER NOT NULL DEFAULT 0,  -- of the last offer
  digest TEXT NOT NULL DEFAULT '',
  offered_at INTEGER NOT NULL DEFAULT 0,
  agreed_digest TEXT NOT NULL DEFAULT '',
  agreed_at INTEGER NOT NULL DEFAULT 0,
  evidence TEXT NOT NULL DEFAULT '', -- its Accept as it came, with its proof
  refusal TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (group_id, host)
) STRICT;

-- What waits to be told to members by the instance.
CREATE TABLE notices (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  words TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Looks of administrators into private groups: asked for, and opened for an hour.
CREATE TABLE looks (
  id INTEGER PRIMARY KEY,
  group_id INTEGER NOT NULL REFERENCES groups (actor_id) ON DELETE CASCADE,
  reason TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  approved_by TEXT NOT NULL DEFAULT '',
  open_until INTEGER NOT NULL DEFAULT 0,  -- 0: it waits for a second administrator
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX looks_by_group ON looks (group_id, id);

-- Groups of ours whose posts are for everybody (FEP-1b12). None of them is in `groups`: those are the private ones.
-- Who belongs to one follows it; who may not is blocked by it; its posts are its boosts.
CREATE TABLE public_groups (
  actor_id INTEGER PRIMARY KEY REFERENCES actors (id) ON DELETE CASCADE,
  joining TEXT NOT NULL,             -- automatic, request, invite
  posting TEXT NOT NULL,             -- members, moderators
  created_at INTEGER NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  rules TEXT NOT NULL DEFAULT '[]'
) STRICT;

CREATE TABLE public_group_roles (
  group_id INTEGER NOT NULL REFERENCES public_groups (actor_id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  role TEXT NOT NULL,                -- moderator, invited
  created_at INTEGER NOT NULL,
  PRIMARY KEY (group_id, actor_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX public_group_roles_by_actor ON public_group_roles (actor_id);

-- Threads to which only moderators may add.
CREATE TABLE public_group_locks (
  group_id INTEGER NOT NULL REFERENCES public_groups (actor_id) ON DELETE CASCADE,
  thread_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (group_id, thread_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE follows (
  id INTEGER PRIMARY KEY,
  follower_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  followee_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  uri TEXT NOT NULL,
  state TEXT NOT NULL,               -- pending, accepted
  boosts INTEGER NOT NULL DEFAULT 1,
  notify INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  UNIQUE (follower_id, followee_id)
) STRICT;

CREATE INDEX follows_by_followee ON follows (followee_id, state);
CREATE INDEX follows_by_uri ON follows (uri);

-- What members of ours say that they are called elsewhere too, so that who they were there may move to who they are here.
CREATE TABLE aliases (
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  uri TEXT NOT NULL,
  PRIMARY KEY (actor_id, uri)
) STRICT;

CREATE TABLE blocks (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  target_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  uri TEXT NOT NULL,                 -- of the Block activity
  created_at INTEGER NOT NULL,
  UNIQUE (owner_id, target_id)
) STRICT;

CREATE INDEX blocks_by_target ON blocks (target_id);
CREATE INDEX blocks_by_uri ON blocks (uri);

CREATE TABLE mutes (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  target_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  notifications INTEGER NOT NULL,    -- 1: these too
  until INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (owner_id, target_id)
) STRICT;

CREATE INDEX mutes_by_target ON mutes (target_id);

CREATE TABLE blocked_hosts (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  UNIQUE (owner_id, host)
) STRICT;

CREATE TABLE statuses (
  id INTEGER PRIMARY KEY,
  uri TEXT NOT NULL UNIQUE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  audience TEXT NOT NULL,            -- public, unlisted, followers, group, direct
  group_id INTEGER REFERENCES groups (actor_id) ON DELETE CASCADE,
  distributed INTEGER NOT NULL DEFAULT 1,  -- 0: a group post its group's home has not announced yet
  boost_of_id INTEGER REFERENCES statuses (id) ON DELETE CASCADE,
  in_reply_to_id INTEGER,
  in_reply_to_actor_id INTEGER,
  in_reply_to_uri TEXT,
  thread_id INTEGER NOT NULL,        -- the first post of the thread that we know
  content TEXT NOT NULL DEFAULT '',  -- cleaned HTML
  text TEXT NOT NULL DEFAULT '',     -- what a local author wrote
  summary TEXT NOT NULL DEFAULT '',
  sensitive INTEGER NOT NULL DEFAULT 0,
  language TEXT,
  url TEXT NOT NULL,
  replies_count INTEGER NOT NULL DEFAULT 0,
  boosts_count INTEGER NOT NULL DEFAULT 0,
  favourites_count INTEGER NOT NULL DEFAULT 0,
  app_id INTEGER,
  emojis TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL,
  edited_at INTEGER,
  quote_policy TEXT NOT NULL DEFAULT ''  -- JSON: who may quote it by themselves, and who when asked for; '' for nobody
) STRICT;

CREATE INDEX statuses_by_url ON statuses (url);
CREATE INDEX statuses_by_actor ON statuses (actor_id, id);
CREATE INDEX statuses_by_thread ON statuses (thread_id);
CREATE INDEX statuses_by_reply ON statuses (in_reply_to_id);
CREATE INDEX statuses_by_boost ON statuses (boost_of_id, actor_id);
CREATE INDEX statuses_by_group ON statuses (group_id, id);
CREATE INDEX statuses_public ON statuses (id) WHERE audience = 'public' AND boost_of_id IS NULL;

-- Threads of other hosts whose replies are looked for there, because a member opened them.
CREATE TABLE refreshes (
  id INTEGER PRIMARY KEY REFERENCES statuses (id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  state TEXT NOT NULL,               -- due, done
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  asked_at INTEGER NOT NULL,
  found INTEGER NOT NULL DEFAULT 0,
  lease_owner TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX refreshes_due ON refreshes (host, due_at, id) WHERE state = 'due';
CREATE INDEX refreshes_by_host ON refreshes (host, asked_at);

-- What is to be read at the homes of other actors, because something said that it is not what we have: one row for each
-- actor and kind.
CREATE TABLE readings (
  id INTEGER PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,                -- followers: who here follows the actor; pins, tags: what the profile shows; attestation: who it is
  url TEXT NOT NULL,
  host TEXT NOT NULL,
  state TEXT NOT NULL,               -- due, done
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  asked_at INTEGER NOT NULL,
  lease_owner TEXT NOT NULL DEFAULT '',
  UNIQUE (actor_id, kind)
) STRICT;

CREATE INDEX readings_due ON readings (host, due_at, id) WHERE state = 'due';
CREATE INDEX readings_by_host ON readings (host, asked_at);

-- Questions in private groups that somebody has said are answered.
CREATE TABLE answered_questions (
  status_id INTEGER PRIMARY KEY REFERENCES statuses (id) ON DELETE CASCADE,
  said_by TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Questions whose authors were asked whether another group of theirs shall have them too.
CREATE TABLE question_offers (
  status_id INTEGER NOT NULL REFERENCES statuses (id) ON DELETE CASCADE,
  group_id INTEGER NOT NULL REFERENCES groups (actor_id) ON DELETE CASCADE,
  state TEXT NOT NULL,               -- offered, brought
  created_at INTEGER NOT NULL,
  PRIMARY KEY (status_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE status_edits (
  id INTEGER PRIMARY KEY,
  status_id INTEGER NOT NULL REFERENCES statuses (id) ON DELETE CASCADE,
  content TEXT NOT NULL,
  text TEXT NOT NULL,
  summary TEXT NOT NULL,
  sensitive INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX status_edits_by_status ON status_edits (status_id, id);

CREATE TABLE quotes (
  status_id INTEGER PRIMARY KEY REFERENCES statuses (id) ON DELETE CASCADE,  -- the post that quotes
  quoted_id INTEGER REFERENCES statuses (id) ON DELETE SET NULL,  -- when it is here, and may be quoted at all
  quoted_uri TEXT NOT NULL,
  state TEXT NOT NULL,               -- pending, accepted, rejected, revoked
  request_uri TEXT NOT NULL DEFAULT '',  -- of the QuoteRequest
  stamp TEXT NOT NULL DEFAULT '',    -- address of the quoted author's QuoteAuthorization
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX quotes_by_quoted ON quotes (quoted_id, status_id);
CREATE INDEX quotes_by_request ON quotes (request_uri) WHERE request_uri <> '';
CREATE INDEX quotes_by_stamp ON quotes (stamp) WHERE stamp <> '';

CREATE TABLE polls (
  id INTEGER PRIMARY KEY,
  status_id INTEGER NOT NULL UNIQUE REFERENCES statuses (id) ON DELETE CASCADE,
  options TEXT NOT NULL,             -- JSON list of what one can vote for
  tallies TEXT NOT NULL,             -- JSON list of how many voted for each
  voters INTEGER,                    -- how many voted; unknown for some servers' polls
  multiple INTEGER NOT NULL,
  hide_totals INTEGER NOT NULL,      -- 1: until it is over
  expires_at INTEGER,
  ended INTEGER NOT NULL DEFAULT 0,  -- 1: those who should know have been told that it is over
  changed_at INTEGER NOT NULL,       -- the last vote
  told_at INTEGER NOT NULL           -- when other servers were told of votes last
) STRICT;

CREATE INDEX polls_ending ON polls (expires_at) WHERE ended = 0;
CREATE INDEX polls_untold ON polls (told_at) WHERE changed_at > told_at;

CREATE TABLE poll_votes (
  id INTEGER PRIMARY KEY,
  poll_id INTEGER NOT NULL REFERENCES polls (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  uri TEXT NOT NULL,
  UNIQUE (poll_id, actor_id, position)
) STRICT;

CREATE INDEX poll_votes_by_actor ON poll_votes (actor_id);

-- What stands at addresses that public posts link to, and the queue of those to look at (storage/cards.py).
CREATE TABLE cards (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL,
  state TEXT NOT NULL,               -- due, shown, empty
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  lease_owner TEXT NOT NULL DEFAULT '',
  fetched_at INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  provider TEXT NOT NULL DEFAULT '',
  author TEXT NOT NULL DEFAULT '',
  author_url TEXT NOT NULL DEFAULT '',
  image TEXT,                        -- its address there
  image_description TEXT NOT NULL DEFAULT '',
  width INTEGER NOT NULL DEFAULT 0,
  height INTEGER NOT NULL DEFAULT 0,
  published_at INTEGER
) STRICT;

CREATE INDEX cards_due ON cards (host, due_at, id) WHERE state = 'due';

CREATE TABLE status_cards (
  status_id INTEGER PRIMARY KEY REFERENCES statuses (id) ON DELETE CASCADE,
  card_id INTEGER NOT NULL REFERENCES cards (id) ON DELETE CASCADE
) STRICT;

CREATE INDEX status_cards_by_card ON status_cards (card_id, status_id);

CREATE TABLE mentions (
  status_id INTEGER NOT NULL REFERENCES statuses (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  silent INTEGER NOT NULL DEFAULT 0, -- addressed without being named
  PRIMARY KEY (status_id, actor_id)
) STRICT;

CREATE INDEX mentions_by_actor ON mentions (actor_id, status_id);

CREATE TABLE status_tags (
  tag TEXT NOT NULL,
  status_id INTEGER NOT NULL REFERENCES statuses (id) ON DELETE CASCADE,
  PRIMARY KEY (tag, status_id)
) STRICT;

CREATE INDEX status_tags_by_status ON status_tags (status_id);

-- Every tag that was used, and what those who look after the instance think of it.
CREATE TABLE tags (
  tag TEXT PRIMARY KEY,
  id INTEGER NOT NULL UNIQUE,        -- made from the name
  usable INTEGER NOT NULL DEFAULT 1, -- 0: posts are not found by it
  listable INTEGER NOT NULL DEFAULT 1,   -- 0: it is not found by searching
  trendable INTEGER NOT NULL DEFAULT 1,  -- 0: it does not trend
  reviewed_at INTEGER
) STRICT;

-- The words of posts, as storage/words.py gives them (storage/word_index.py).
/*sqlite*/
CREATE VIRTUAL TABLE status_words USING fts5 (words, tokenize = "unicode61 remove_diacritics 0");

CREATE TRIGGER status_words_leave AFTER DELETE ON statuses BEGIN
  DELETE FROM status_words WHERE rowid = old.id;
END;
/*end*/
/*pg CREATE TABLE status_words (
  rowid INTEGER PRIMARY KEY REFERENCES statuses (id) ON DELETE CASCADE,
  words TSVECTOR NOT NULL
);

CREATE INDEX status_words_by_word ON status_words USING gin (words);
*/

CREATE TABLE media (
  id INTEGER PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  status_id INTEGER REFERENCES statuses (id) ON DELETE SET NULL,
  position INTEGER NOT NULL DEFAULT 0,
  type TEXT NOT NULL,                -- image, gifv, video, audio
  mime TEXT NOT NULL,
  file TEXT,                         -- key in the media store
  preview TEXT,
  remote_url TEXT,
  description TEXT NOT NULL DEFAULT '',
  blurhash TEXT,
  width INTEGER,
  height INTEGER,
  preview_width INTEGER,
  preview_height INTEGER,
  focus_x REAL NOT NULL DEFAULT 0,
  focus_y REAL NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'ready', -- waiting (for its job), ready, failed, gone (deleted by its owner)
  details TEXT NOT NULL DEFAULT '{}' -- JSON of what is known of sound and film: duration, frame_rate, bitrate ...
) STRICT;

CREATE INDEX media_by_status ON media (status_id);
CREATE INDEX media_by_file ON media (file);
CREATE INDEX media_by_address ON media (remote_url);

-- Uploads that wait to be written anew. Each is 'due' until it is done, and then gone.
CREATE TABLE media_jobs (
  id INTEGER PRIMARY KEY,
  media_id INTEGER NOT NULL UNIQUE REFERENCES media (id) ON DELETE CASCADE,
  host TEXT NOT NULL,                -- whose turn it is: members take turns as hosts do
  folder TEXT NOT NULL,              -- in the media store, with the file as it came
  state TEXT NOT NULL DEFAULT 'due',
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  lease_owner TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX media_jobs_due ON media_jobs (host, due_at, id) WHERE state = 'due';

CREATE TABLE favourites (
  id INTEGER PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  status_id INTEGER NOT NULL REFERENCES statuses (id) ON DELETE CASCADE,
  uri TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (status_id, actor_id)
) STRICT;

CREATE INDEX favourites_by_uri ON favourites (uri);
CREATE INDEX favourites_by_actor ON favourites (actor_id);

CREATE TABLE home_entries (
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  status_id INTEGER NOT NULL REFERENCES statuses (id) ON DELETE CASCADE,
  PRIMARY KEY (owner_id, status_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX home_entries_by_status ON home_entries (status_id);

-- What many wrote of in public lately, counted every few minutes (storage/trends.py).
CREATE TABLE trends (
  kind TEXT NOT NULL,                -- tag, status, link; counted: when the next count is due
  ref TEXT NOT NULL,                 -- the tag, or the id as text
  ref_id INTEGER NOT NULL DEFAULT 0,
  score INTEGER NOT NULL,
  PRIMARY KEY (kind, ref)
) STRICT;

CREATE INDEX trends_by_score ON trends (kind, score);

-- Whether a post or a link may trend, where somebody has looked.
CREATE TABLE trend_reviews (
  kind TEXT NOT NULL,                -- status, link
  ref_id INTEGER NOT NULL,
  trendable INTEGER NOT NULL,
  PRIMARY KEY (kind, ref_id)
) STRICT;

-- Sites that trending links lead to.
CREATE TABLE publishers (
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL UNIQUE,
  trendable INTEGER,                 -- NULL: nobody has looked
  reviewed_at INTEGER
) STRICT;

CREATE TABLE dismissed_suggestions (
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  PRIMARY KEY (owner_id, actor_id)
) STRICT;

CREATE TABLE reports (
  id INTEGER PRIMARY KEY,
  uri TEXT NOT NULL,                 -- of the Flag activity, which may be about several people
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,  -- who reports
  target_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  category TEXT NOT NULL,            -- spam, legal, violation, other
  comment TEXT NOT NULL,
  rules TEXT NOT NULL,               -- JSON list of the numbers of our rules
  forwarded INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  assigned_to INTEGER REFERENCES actors (id) ON DELETE SET NULL,
  resolved_at INTEGER,
  resolved_by INTEGER REFERENCES actors (id) ON DELETE SET NULL
) STRICT;

CREATE UNIQUE INDEX reports_by_uri ON reports (uri, target_id);
CREATE INDEX reports_by_target ON reports (target_id);
CREATE INDEX reports_by_actor ON reports (actor_id);

CREATE TABLE report_statuses (
  report_id INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
  status_id INTEGER NOT NULL REFERENCES statuses (id) ON DELETE CASCADE,
  PRIMARY KEY (report_id, status_id)
) STRICT;

CREATE INDEX report_statuses_by_status ON report_statuses (status_id);

-- Hosts as the admin API shows them: what the ruleset says of each, and what admins noted about it.
CREATE TABLE listed_hosts (
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL UNIQUE,
  severity TEXT NOT NULL,            -- allow; noop, silence, suspend
  former TEXT NOT NULL,              -- its state before the block; '' when it was in none, ? when that is not known
  reject_reports INTEGER NOT NULL,
  private_comment TEXT NOT NULL,
  public_comment TEXT NOT NULL,
  obfuscate INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Who may not sign up, or not ask at all (storage/shut_out.py).
CREATE TABLE email_domain_blocks (
  id INTEGER PRIMARY KEY,
  domain TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE email_domain_uses (
  block_id INTEGER NOT NULL REFERENCES email_domain_blocks (id) ON DELETE CASCADE,
  day INTEGER NOT NULL,              -- counted from 1970
  uses INTEGER NOT NULL,
  PRIMARY KEY (block_id, day)
) STRICT;

CREATE TABLE email_blocks (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,         -- SHA-256 of an address without what makes several of one
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE ip_blocks (
  id INTEGER PRIMARY KEY,
  network TEXT NOT NULL UNIQUE,
  severity TEXT NOT NULL,            -- sign_up_requires_approval, sign_up_block, no_access
  comment TEXT NOT NULL,
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

-- People of this instance whom a member shows together, for everybody (storage/featured_collections.py).
CREATE TABLE collections (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,         -- as its owner wrote it
  language TEXT,
  sensitive INTEGER NOT NULL,
  discoverable INTEGER NOT NULL,     -- 0: only its address leads there
  tag TEXT NOT NULL,                 -- as its owner writes it; '' for none
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX collections_by_owner ON collections (owner_id, id);

CREATE TABLE collection_items (
  id INTEGER PRIMARY KEY,
  collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  revoked_at INTEGER,                -- who was in it took themselves out, and is not put in again
  created_at INTEGER NOT NULL,
  UNIQUE (collection_id, actor_id)
) STRICT;

CREATE INDEX collection_items_by_actor ON collection_items (actor_id, collection_id);

CREATE TABLE notifications (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  type TEXT NOT NULL,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  status_id INTEGER REFERENCES statuses (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  filtered INTEGER NOT NULL DEFAULT 0, -- 1: held back until its owner asks for its sender's
  report_id INTEGER REFERENCES reports (id) ON DELETE CASCADE,
  collection_id INTEGER REFERENCES collections (id) ON DELETE CASCADE
) STRICT;

CREATE INDEX notifications_by_owner ON notifications (owner_id, id);
CREATE INDEX notifications_by_status ON notifications (status_id);
CREATE INDEX notifications_filtered ON notifications (owner_id, actor_id) WHERE filtered = 1;

CREATE TABLE notification_policies (
  owner_id INTEGER PRIMARY KEY REFERENCES actors (id) ON DELETE CASCADE,
  not_following TEXT NOT NULL,       -- accept, filter, drop; and so on
  not_followers TEXT NOT NULL,
  new_accounts TEXT NOT NULL,
  private_mentions TEXT NOT NULL,
  limited_accounts TEXT NOT NULL,
  bots TEXT NOT NULL
) STRICT;

CREATE TABLE accepted_senders (
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  PRIMARY KEY (owner_id, actor_id)
) STRICT;

CREATE TABLE tombstones (
  uri TEXT NOT NULL,
  actor_uri TEXT NOT NULL,           -- whose word it is: the author's, or the group's
  hidden INTEGER NOT NULL DEFAULT 1, -- only a public or unlisted object may answer 410
  deleted_at INTEGER NOT NULL,
  PRIMARY KEY (uri, actor_uri)
) STRICT;

CREATE INDEX tombstones_by_actor ON tombstones (actor_uri, deleted_at);

CREATE TABLE receipts (
  object_uri TEXT NOT NULL,
  host TEXT NOT NULL,                -- a host that was sent the object, so that a retraction finds it
  inbox TEXT NOT NULL,
  sent_at INTEGER NOT NULL,
  retracted_at INTEGER,              -- when its Delete was queued
  accepted_at INTEGER,               -- when the Delete was answered 2xx, which says little
  confirmed_at INTEGER,              -- when the host's instance actor said that the object is gone there
  confirmed_by TEXT NOT NULL DEFAULT '',
  group_id INTEGER,                  -- of ours, that took it back
  PRIMARY KEY (object_uri, host, inbox)
) STRICT;

CREATE INDEX receipts_by_group ON receipts (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX receipts_unconfirmed ON receipts (host, object_uri) WHERE retracted_at IS NOT NULL AND confirmed_at IS NULL;

CREATE TABLE activities (
  id INTEGER PRIMARY KEY,
  uri TEXT NOT NULL UNIQUE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  type TEXT NOT NULL,
  status_id INTEGER REFERENCES statuses (id) ON DELETE CASCADE,
  body BLOB NOT NULL,                -- the bytes that are sent, again and again the same
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX activities_by_status ON activities (status_id);

-- For each group-only post its group's home keeps the activity that brought it, byte for byte, as long as the post.
CREATE TABLE group_activities (
  status_id INTEGER PRIMARY KEY REFERENCES statuses (id) ON DELETE CASCADE,
  activity_uri TEXT NOT NULL UNIQUE,
  announce_id INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

-- Which ends of agreements with peers the admins were told of.
CREATE TABLE agreement_warnings (
  host TEXT NOT NULL,
  until TEXT NOT NULL,               -- its last day, ISO 8601
  days INTEGER NOT NULL,             -- how many days before it
  warned_at INTEGER NOT NULL,
  PRIMARY KEY (host, until, days)
) STRICT;

-- To which hosts the home of a private group elsewhere passed a post of ours on, as it says. Stays after the post.
CREATE TABLE served (
  object_uri TEXT NOT NULL,
  host TEXT NOT NULL,
  served_at INTEGER NOT NULL,
  PRIMARY KEY (object_uri, host)
) STRICT;

-- Posts of ours that did not reach everybody (their group's home refused them, or our own rules), and whose authors were told so.
CREATE TABLE refusals (
  status_id INTEGER PRIMARY KEY REFERENCES statuses (id) ON DELETE CASCADE,
  reason TEXT NOT NULL,
  refused_at INTEGER NOT NULL
) STRICT;

CREATE TABLE hosts (
  host TEXT PRIMARY KEY,
  scheme TEXT NOT NULL DEFAULT '',   -- signature scheme that worked last
  failures INTEGER NOT NULL DEFAULT 0,
  retry_at INTEGER NOT NULL DEFAULT 0,
  last_success_at INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  failing_since INTEGER NOT NULL DEFAULT 0  -- when the failures that last until now began; 0 when it is well
) STRICT;

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  activity_id INTEGER NOT NULL REFERENCES activities (id),
  sender_id INTEGER NOT NULL REFERENCES actors (id),
  host TEXT NOT NULL,
  inbox TEXT NOT NULL,
  kind TEXT NOT NULL,                -- content, control, retraction
  audience TEXT NOT NULL DEFAULT '',
  object_uri TEXT NOT NULL DEFAULT '',
  group_id INTEGER,
  state TEXT NOT NULL,               -- due, held, done, refused, dead
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  lease_owner TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;

CREATE INDEX deliveries_due ON deliveries (host, due_at, id) WHERE state = 'due';
CREATE INDEX deliveries_leased ON deliveries (host, due_at) WHERE state = 'due' AND lease_owner <> '';
CREATE INDEX deliveries_by_activity ON deliveries (activity_id);
CREATE INDEX deliveries_held ON deliveries (state, host) WHERE state IN ('held', 'dead');

CREATE TABLE inbox (
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL,                -- of the signer
  signer TEXT NOT NULL,              -- actor whose key verified
  activity_uri TEXT NOT NULL,
  type TEXT NOT NULL,
  digest TEXT NOT NULL,
  body BLOB,                         -- dropped when processed
  state TEXT NOT NULL,               -- due, done, refused, dead
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  lease_owner TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  received_at INTEGER NOT NULL,
  UNIQUE (signer, activity_uri, digest)
) STRICT;

CREATE INDEX inbox_due ON inbox (host, due_at, id) WHERE state = 'due';

CREATE TABLE nonces (
  key_uri TEXT NOT NULL,
  nonce TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (key_uri, nonce)
) STRICT;

CREATE TABLE unknown_hosts (
  host TEXT PRIMARY KEY,
  requests INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT;

CREATE TABLE decision_facts (
  digest TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  point TEXT NOT NULL,
  object_uri TEXT NOT NULL,
  host TEXT NOT NULL,
  outcome TEXT NOT NULL,             -- allow, limit, hold, deny
  rule TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  version INTEGER NOT NULL,
  facts TEXT NOT NULL REFERENCES decision_facts (digest),
  decided_at INTEGER NOT NULL,
  UNIQUE (point, object_uri, host)
) STRICT;

CREATE INDEX decisions_by_object ON decisions (object_uri);
CREATE INDEX decisions_stopped ON decisions (decided_at) WHERE outcome IN ('hold', 'deny');

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  actor TEXT NOT NULL,               -- who: a member's name, or "console"
  act TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}',
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- not a snowflake: it must grow in the order of commits
  xid INTEGER NOT NULL DEFAULT 0/*pg +pg_current_xact_id()::text::bigint*/,
  owner_id INTEGER NOT NULL,         -- 0: whoever listens to public streams; -1: every member
  type TEXT NOT NULL,                -- update, status.update, delete, notification, conversation, announcement ...
  ref INTEGER NOT NULL,              -- the status or notification, rendered for its reader when sent
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX events_in_order ON events (xid, id);

CREATE TABLE oauth_apps (
  id INTEGER PRIMARY KEY,
  client_id TEXT NOT NULL UNIQUE,
  secret_hash TEXT NOT NULL,
  name TEXT NOT NULL,
  website TEXT,
  redirect_uris TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE oauth_codes (
  hash TEXT PRIMARY KEY,
  app_id INTEGER NOT NULL REFERENCES oauth_apps (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  redirect_uri TEXT NOT NULL,
  scopes TEXT NOT NULL,
  challenge TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  operator_id INTEGER REFERENCES actors (id) ON DELETE CASCADE  -- as in tokens
) STRICT;

CREATE TABLE tokens (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  app_id INTEGER NOT NULL REFERENCES oauth_apps (id) ON DELETE CASCADE,
  actor_id INTEGER REFERENCES actors (id) ON DELETE CASCADE,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER,                   -- noted once a day
  operator_id INTEGER REFERENCES actors (id) ON DELETE CASCADE  -- the member who acts as actor_id, a channel or a group
) STRICT;

CREATE INDEX tokens_by_actor ON tokens (actor_id);
CREATE INDEX tokens_by_operator ON tokens (operator_id) WHERE operator_id IS NOT NULL;

CREATE TABLE push_subscriptions (
  id INTEGER PRIMARY KEY,
  token_id INTEGER NOT NULL UNIQUE REFERENCES tokens (id) ON DELETE CASCADE,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  endpoint TEXT NOT NULL,
  p256dh TEXT NOT NULL,              -- the app's public key and its secret, base64url: only the app reads what is pushed
  auth TEXT NOT NULL,
  standard INTEGER NOT NULL,         -- 1: RFC 8291; 0: the draft before it
  alerts TEXT NOT NULL,              -- JSON: the types of notifications it is for
  policy TEXT NOT NULL,              -- all, followed, follower, none: from whom
  access_token TEXT NOT NULL,        -- apps know by it whose notification it is
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX push_subscriptions_by_owner ON push_subscriptions (owner_id);

-- What waits to be pushed. Each is 'due' until it is over, and then gone.
-- Mail to members that waits to be sent; gone once it was (storage/mails.py).
CREATE TABLE mails (
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL,                -- after the @
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'due',
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  lease_owner TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX mails_due ON mails (host, due_at, id) WHERE state = 'due';

CREATE TABLE push_deliveries (
  id INTEGER PRIMARY KEY,
  subscription_id INTEGER NOT NULL REFERENCES push_subscriptions (id) ON DELETE CASCADE,
  notification_id INTEGER NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'due',
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  lease_owner TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX push_deliveries_due ON push_deliveries (host, due_at, id) WHERE state = 'due';
CREATE INDEX push_deliveries_by_subscription ON push_deliveries (subscription_id);
CREATE INDEX push_deliveries_by_notification ON push_deliveries (notification_id);

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  browser TEXT NOT NULL,             -- as it calls itself
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_actor ON sessions (actor_id);

CREATE TABLE sign_in_links (
  hash TEXT PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
) STRICT;

-- Second factors. Who has one is asked for it after the password.
CREATE TABLE authenticators (
  actor_id INTEGER PRIMARY KEY REFERENCES actors (id) ON DELETE CASCADE,
  secret TEXT NOT NULL,              -- base32: codes are computed from it
  last_step INTEGER NOT NULL,        -- of the newest code that was taken: it and older ones are good no more
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
  hash TEXT PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE
) STRICT;

CREATE INDEX recovery_codes_by_actor ON recovery_codes (actor_id);

CREATE TABLE security_keys (
  id INTEGER PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  credential TEXT NOT NULL UNIQUE,   -- its id, and its public key as COSE has it; base64url
  public_key TEXT NOT NULL,
  sign_count INTEGER NOT NULL,
  name TEXT NOT NULL,                -- as its owner calls it
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX security_keys_by_actor ON security_keys (actor_id);

-- What a member has begun and ends with a second request, once.
CREATE TABLE challenges (
  hash TEXT PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  purpose TEXT NOT NULL,             -- sign_in, authenticator, security_key
  data TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency_keys (
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  status_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (actor_id, key)
) STRICT;

-- What a member notes about somebody, for themselves alone.
CREATE TABLE remarks (
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  text TEXT NOT NULL,
  PRIMARY KEY (owner_id, actor_id)
) STRICT;

-- Whom a member recommends on their profile: only people they follow, so never a private group.
CREATE TABLE endorsements (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  UNIQUE (owner_id, actor_id)
) STRICT;

CREATE TABLE featured_tags (
  id INTEGER PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,                 -- lower case, as in status_tags
  name TEXT NOT NULL,                -- as its owner writes it
  UNIQUE (actor_id, tag)
) STRICT;

-- Emoji of our own. Posts and people carry the addresses of those that they use.
CREATE TABLE custom_emojis (
  id INTEGER PRIMARY KEY,
  shortcode TEXT NOT NULL UNIQUE,
  file TEXT NOT NULL,                -- of our own media
  category TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL
) STRICT;

-- What the institution tells its members. HTML in each language, '' where there is none; lists as JSON.
CREATE TABLE announcements (
  id INTEGER PRIMARY KEY,
  french TEXT NOT NULL,
  english TEXT NOT NULL,
  starts_at INTEGER,
  ends_at INTEGER,                   -- shown until then; NULL: for ever
  all_day INTEGER NOT NULL,
  mentions TEXT NOT NULL,            -- ids of actors
  statuses TEXT NOT NULL,            -- ids of posts that it links to
  tags TEXT NOT NULL,
  emojis TEXT NOT NULL,
  published_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE announcement_reads (
  announcement_id INTEGER NOT NULL REFERENCES announcements (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  PRIMARY KEY (announcement_id, actor_id)
) STRICT;

-- The emoji put to an announcement, and by whom. A row stays when nobody is left: streams are told by its id.
CREATE TABLE announcement_reactions (
  id INTEGER PRIMARY KEY,
  announcement_id INTEGER NOT NULL REFERENCES announcements (id) ON DELETE CASCADE,
  name TEXT NOT NULL,                -- an emoji, or the short name of one of our own
  UNIQUE (announcement_id, name)
) STRICT;

CREATE TABLE announcement_reactors (
  reaction_id INTEGER NOT NULL REFERENCES announcement_reactions (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  PRIMARY KEY (reaction_id, actor_id)
) STRICT;

CREATE TABLE bookmarks (
  id INTEGER PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  status_id INTEGER NOT NULL REFERENCES statuses (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  UNIQUE (status_id, actor_id)
) STRICT;

CREATE INDEX bookmarks_by_actor ON bookmarks (actor_id, id);

CREATE TABLE pins (
  status_id INTEGER PRIMARY KEY REFERENCES statuses (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX pins_by_actor ON pins (actor_id, status_id);

CREATE TABLE muted_threads (
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  thread_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (actor_id, thread_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE scheduled_statuses (
  id INTEGER PRIMARY KEY,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  due_at INTEGER NOT NULL,
  text TEXT NOT NULL,
  audience TEXT NOT NULL,            -- as asked for; what it becomes is decided when it is published
  in_reply_to_id INTEGER,
  summary TEXT NOT NULL,
  sensitive INTEGER NOT NULL,
  language TEXT,
  app_id INTEGER,
  reason TEXT NOT NULL DEFAULT '',   -- why it was refused when its time had come; '' while it waits
  about TEXT NOT NULL DEFAULT '',    -- the host or group that the reason is about
  poll TEXT NOT NULL DEFAULT '',     -- JSON of a poll to come with it
  created_at INTEGER NOT NULL,
  quoted_id INTEGER,
  quote_policy TEXT NOT NULL DEFAULT ''  -- public, followers, nobody
) STRICT;

CREATE INDEX scheduled_statuses_by_actor ON scheduled_statuses (actor_id, id);
CREATE INDEX scheduled_statuses_due ON scheduled_statuses (due_at) WHERE reason = '';

CREATE TABLE scheduled_media (
  media_id INTEGER PRIMARY KEY REFERENCES media (id) ON DELETE CASCADE,
  scheduled_id INTEGER NOT NULL REFERENCES scheduled_statuses (id) ON DELETE CASCADE,
  position INTEGER NOT NULL
) STRICT;

CREATE INDEX scheduled_media_by_post ON scheduled_media (scheduled_id);

-- Lines of files that members brought from elsewhere. Each is 'due' until it is done, and then gone, or 'failed'.
CREATE TABLE import_lines (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  host TEXT NOT NULL,                -- whose turn it is: members take turns as hosts do
  kind TEXT NOT NULL,                -- follows, blocks, mutes, hosts, lists, bookmarks
  cells TEXT NOT NULL,               -- JSON
  state TEXT NOT NULL DEFAULT 'due',
  reason TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  lease_owner TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX import_lines_due ON import_lines (host, due_at, id) WHERE state = 'due';
CREATE INDEX import_lines_by_owner ON import_lines (owner_id, state, id);

-- What members sort and hide with. Nobody but their owner knows of any of it.
CREATE TABLE lists (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  replies_policy TEXT NOT NULL,      -- followed, list, none: whose answers to others it shows
  exclusive INTEGER NOT NULL,        -- its people's posts are not in the home timeline
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX lists_by_owner ON lists (owner_id, id);

CREATE TABLE list_people (
  id INTEGER PRIMARY KEY,
  list_id INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
  actor_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  UNIQUE (list_id, actor_id)
) STRICT;

CREATE INDEX list_people_by_actor ON list_people (actor_id, list_id);

CREATE TABLE filters (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  context TEXT NOT NULL,             -- JSON: home, notifications, public, thread, account
  action TEXT NOT NULL,              -- warn, hide, blur: apps do it
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX filters_by_owner ON filters (owner_id, id);

CREATE TABLE filter_keywords (
  id INTEGER PRIMARY KEY,
  filter_id INTEGER NOT NULL REFERENCES filters (id) ON DELETE CASCADE,
  keyword TEXT NOT NULL,
  whole_word INTEGER NOT NULL
) STRICT;

CREATE INDEX filter_keywords_by_filter ON filter_keywords (filter_id, id);

CREATE TABLE filter_statuses (
  id INTEGER PRIMARY KEY,
  filter_id INTEGER NOT NULL REFERENCES filters (id) ON DELETE CASCADE,
  status_id INTEGER NOT NULL REFERENCES statuses (id) ON DELETE CASCADE,
  UNIQUE (filter_id, status_id)
) STRICT;

CREATE INDEX filter_statuses_by_status ON filter_statuses (status_id);

-- What a member's year was, counted once when they asked (storage/annual_reports.py).
CREATE TABLE annual_reports (
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  year INTEGER NOT NULL,
  data TEXT NOT NULL,                -- JSON
  viewed INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (owner_id, year)
) STRICT;

CREATE TABLE markers (
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  timeline TEXT NOT NULL,            -- home, notifications
  last_read_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (owner_id, timeline)
) STRICT;

CREATE TABLE conversation_marks (
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  thread_id INTEGER NOT NULL,
  read_id INTEGER NOT NULL,          -- the newest post of the thread that was read
  removed_id INTEGER NOT NULL,       -- the newest one when its owner put the conversation away; 0 for never
  PRIMARY KEY (owner_id, thread_id)
) STRICT;

CREATE TABLE tag_follows (
  id INTEGER PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,                 -- as in status_tags
  UNIQUE (owner_id, tag)
) STRICT;

CREATE INDEX tag_follows_by_tag ON tag_follows (tag);

CREATE TABLE rate_counts (
  who TEXT NOT NULL,                 -- a keyed hash of a token, a member or a network address
  rate TEXT NOT NULL,
  started_at INTEGER NOT NULL,       -- of the window
  count INTEGER NOT NULL,
  PRIMARY KEY (who, rate, started_at)
) STRICT;

CREATE INDEX rate_counts_by_start ON rate_counts (started_at);
