//! What the server does with leases in one step.
//!
//! A lease is `<owner>:<fence>` and expires by the server's clock. Anything else under its key is nobody's: it
//! is given an end, so that it is in the way no longer than a lease.
//!
//! Beside it, without an expiry, is the last fence: `<fence>`, or `<fence>:<ends>:<owner>` while somebody has the
//! lease. A server that is short of memory, or a person, may delete the lease itself: it stays its owner's.

use std::sync::LazyLock;

use crate::config::LONGEST_LEASE;
use crate::connection::Script;

// `lease` gives owner and fence, nothing when the key is free, or '' when something else is there. `last` gives
// the stored fence, and the owner and the end of a lease that has not ended. `fence_of` gives the highest of the
// stored fence and that which is known. What can't be a fence counts as none. No lease is longer than LONGEST ms.
const PRELUDE: &str = r"
local notes = {}
local TOP = 4503599627370496
local function note(name, answer)
  if type(answer) == 'table' and answer.err then notes[#notes + 1] = name .. ' ' .. answer.err end
end
local function text(key)
  local value = redis.pcall('GETRANGE', key, 0, 100)
  if type(value) ~= 'table' then return value end
  if not string.find(value.err, 'WRONGTYPE', 1, true) then redis.call('GETRANGE', key, 0, 100) end
  return false
end
local function number(digits)
  local value = string.find(digits, '^%d+$') and #digits < 17 and tonumber(digits) or 0
  return value <= TOP and value or 0
end
local function lease(key)
  local value = text(key)
  if value == '' then return nil end
  local owner, fence = string.match(value or '', '^(%x+):(%d+)$')
  if not owner or number(fence) == 0 then return '' end
  return owner, number(fence)
end
local function last(key, now)
  local value = text(key) or ''
  local fence, ends, owner = string.match(value, '^(%d+):(%d+):(%x+)$')
  if not fence then return number(value) end
  local left = number(ends) - now
  if left <= 0 or left > LONGEST or number(fence) == 0 then return number(fence) end
  return number(fence), owner, left
end
local function fence_of(key, known)
  return math.max(last(key, 0), number(known))
end
local function digits(value)
  return string.format('%.0f', value)
end
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function keep(key, owner, fence, ms)
  redis.call('SET', key, owner .. ':' .. digits(fence), 'PX', ms)
end
local function until_then(fence, ends, owner)
  return digits(fence) .. ':' .. digits(ends) .. ':' .. owner
end
";

fn script(body: &str) -> Script {
    Script::new(&format!("local LONGEST = {LONGEST_LEASE}\n{PRELUDE}{body}"))
}

// KEYS: a lease and a fence for each tab. ARGV: owner, ms, '1' if owners go on without the server, and for each
// tab its fence and when the lease ends by this server's clock. Answers that clock, and a fence for each tab that
// is still the owner's, else 0. What the server has lost is asserted, but not by who comes too late: somebody
// else may have had it. A lease of a lower fence is one that a failover has brought back. Where the fence has gone on
// without the owner, it gets a new one. What is as it was is renewed even where a server with a full memory refuses
// to write.
pub(super) static RENEW: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local now, goes_on = clock(), ARGV[3] == '1'
local answer = {digits(now)}
for at = 1, #KEYS / 2 do
  local key, counter = KEYS[2 * at - 1], KEYS[2 * at]
  local mine, in_time = number(ARGV[2 * at + 2]), now <= tonumber(ARGV[2 * at + 3])
  local owner, fence = lease(key)
  local stored = fence_of(counter, '')
  local granted = 0
  if owner == ARGV[1] and fence == mine then
    granted = math.max(mine, stored == mine and mine or stored + 1)
  elseif owner == nil or owner == '' then
    if stored <= mine and (in_time or goes_on) then granted = mine end
  elseif in_time and fence < mine and stored <= mine then
    granted = mine
  end
  if granted > 0 then
    local value = until_then(granted, now + ARGV[2], ARGV[1])
    if granted > stored then redis.call('SET', counter, value) else redis.pcall('SET', counter, value) end
  elseif mine > stored then
    redis.call('SET', counter, digits(mine))
  end
  if granted > 0 and owner == ARGV[1] and granted == fence then
    redis.call('PEXPIRE', key, ARGV[2])
  elseif granted > 0 then
    keep(key, ARGV[1], granted, ARGV[2])
  end
  answer[at + 1] = digits(granted)
end
return answer
",
    )
});

// KEYS: the epoch, then a lease and a fence for each tab. ARGV: owner, ms of a lease, ms of a whole one, the server's
// clock after which nothing is taken ('' for never) because the server has stood still, '1' if it is to be tried whether
// it can be written to, and for each tab the highest fence that is known, and whether it is taken if it is free: 'no', 'one' of all these, or a
// 'share' of all these. Answers the server's clock, how many ms nothing can be taken, the notes, and for each tab: 1 if it is the
// owner's now, the owner ('' for none), the fence, and for how many ms it is taken.
// Who takes a tab gets another fence, even if it has had it before.
pub(super) static TAKE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local now, whole = clock(), tonumber(ARGV[3])
local info = redis.pcall('INFO', 'server')
note('INFO', info)
local process = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
local began = nil
local epoch, since = string.match(text(KEYS[1]) or '', '^(%x*):(%d+)$')
if epoch == process and #since < 16 and tonumber(since) <= now then began = tonumber(since) end
if not began or ARGV[5] == '1' then
  began = began or now
  redis.call('SET', KEYS[1], process .. ':' .. digits(began))
end
local wait = math.max(0, began + whole - now)
if ARGV[4] ~= '' and now > tonumber(ARGV[4]) then wait = whole end
local tabs, owners, workers, to_share = {}, {}, 1, 0
for at = 1, (#KEYS - 1) / 2 do
  local key, counter = KEYS[2 * at], KEYS[2 * at + 1]
  local known, way = ARGV[2 * at + 4], ARGV[2 * at + 5]
  local owner, fence = lease(key)
  local stored, held_by, held_for = last(counter, now)
  local highest = math.max(stored, number(known))
  local left = 0
  if owner then
    left = redis.call('PTTL', key)
    if left == -1 or left > LONGEST or (owner == '' and left > whole) then
      redis.call('PEXPIRE', key, whole)
      left = whole
    end
  elseif held_by then
    owner, fence, left = held_by, stored, held_for
  end
  if highest > stored then redis.call('SET', counter, digits(highest)) end
  local free = owner == nil or owner == ARGV[1]
  if free and way == 'share' then to_share = to_share + 1 end
  if not free and not owners[owner] then
    owners[owner] = true
    workers = workers + 1
  end
  tabs[at] = {free, owner or '', math.max(highest, fence or 0), left, way}
end
local may = {no = 0, one = 1, share = math.max(1, math.floor(to_share / workers))}
local answer = {digits(now), digits(wait), ''}
for at, tab in ipairs(tabs) do
  local taken, way = 0, tab[5]
  if wait == 0 and tab[1] and may[way] > 0 and tab[3] < TOP then
    taken, may[way] = 1, may[way] - 1
  end
  if taken == 1 then
    local fence = tab[3] + 1
    redis.call('SET', KEYS[2 * at + 1], until_then(fence, now + ARGV[2], ARGV[1]))
    keep(KEYS[2 * at], ARGV[1], fence, ARGV[2])
    answer[at + 3] = {1, ARGV[1], digits(fence), tonumber(ARGV[2])}
  else
    answer[at + 3] = {0, tab[2], digits(tab[3]), tab[4]}
    if tab[3] >= TOP then notes[#notes + 1] = 'FENCE ' .. KEYS[2 * at + 1] end
  end
end
answer[3] = table.concat(notes, '\n')
return answer
",
    )
});

// KEYS: a lease and a fence for each tab. ARGV: owner, channel, and the fence of each lease. Deletes those that
// are the owner's with this fence, and wakes the others. Answers how many, and the notes.
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local released, now = 0, clock()
for at = 1, #KEYS / 2 do
  local key, counter = KEYS[2 * at - 1], KEYS[2 * at]
  local mine = number(ARGV[at + 2])
  local owner, fence = lease(key)
  local stored, held_by = last(counter, now)
  if owner == ARGV[1] and fence == mine then
    redis.call('DEL', key)
    released = released + 1
  elseif owner == nil and held_by == ARGV[1] and stored == mine then
    released = released + 1
  end
  if held_by == ARGV[1] and stored == mine then redis.call('SET', counter, digits(stored)) end
end
if released > 0 then note('PUBLISH', redis.pcall('PUBLISH', ARGV[2], 'free')) end
return {released, table.concat(notes, '\n')}
",
    )
});
