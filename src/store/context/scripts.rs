//! What the server does in one step.

use std::sync::LazyLock;

use crate::connection::Script;

// KEYS: one key, and that of the epoch if it is to be the one that is known: another is an error. ARGV: 'set', 'keep' or
// 'del', the value, the most bytes to answer with, the epoch, digests that the present value may have ('' for none). Answers 1, or what was found: a list of the value, or of
// its length or -1 if it is too large or no string.
pub(super) static COMPARE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if KEYS[2] and redis.call('GET', KEYS[2]) ~= ARGV[4] then
  return redis.error_reply('EPOCH is another')
end
local value = redis.pcall('GET', KEYS[1])
if type(value) == 'table' and value.err then
  if not string.find(value.err, 'WRONGTYPE', 1, true) then return value end
  return {-1}
end
if value == '' then value = false end
local digest = value and redis.sha1hex(value) or ''
for at = 5, #ARGV do
  if ARGV[at] == digest then
    if ARGV[1] == 'del' then
      redis.call('DEL', KEYS[1])
    elseif ARGV[1] == 'keep' then
      redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
    else
      redis.call('SET', KEYS[1], ARGV[2])
    end
    return 1
  end
end
if value and #value > tonumber(ARGV[3]) then return {#value} end
return {value}
",
    )
});

// KEYS: any number, and that of the epoch as above. ARGV: the most bytes of one value, the most of all, and the epoch, if it
// is among the keys. Answers for the first keys,
// and for no fewer than one: the value, nothing, or its length or -1 as above; of one that expires, a list of the value and
// the ms that are left.
pub(super) static FETCH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local values = {}
local total = 0
if ARGV[3] then
  if redis.call('GET', table.remove(KEYS)) ~= ARGV[3] then
    return redis.error_reply('EPOCH is another')
  end
end
for at, key in ipairs(KEYS) do
  local value = redis.pcall('GET', key)
  if type(value) == 'table' and value.err then
    if not string.find(value.err, 'WRONGTYPE', 1, true) then return value end
    values[at] = -1
  elseif value and #value > tonumber(ARGV[1]) then
    values[at] = #value
  else
    values[at] = value
    total = total + (value and #value or 0)
    local left = value and redis.pcall('PTTL', key)
    if type(left) == 'number' and left > 0 then values[at] = {value, left} end
  end
  if total > tonumber(ARGV[2]) then break end
end
return values
",
    )
});

// KEYS: one key, and that of the epoch as above. ARGV: a whole number to add, the most bytes to answer with, the epoch.
// Answers the sum, or a
// list as above when it is nothing that can be counted exactly.
pub(super) static COUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if KEYS[2] and redis.call('GET', KEYS[2]) ~= ARGV[3] then
  return redis.error_reply('EPOCH is another')
end
local value = redis.pcall('GET', KEYS[1])
if type(value) == 'table' and value.err then
  if not string.find(value.err, 'WRONGTYPE', 1, true) then return value end
  return {-1}
end
if value == '' then value = false end
if not value or value == '0' or (#value < 17 and string.find(value, '^%-?[1-9]%d*$')) then
  local sum = tonumber(value or '0') + tonumber(ARGV[1])
  if math.abs(sum) <= 9007199254740991 then
    if not value then redis.call('DEL', KEYS[1]) end
    return redis.call('INCRBY', KEYS[1], ARGV[1])
  end
end
if value and #value > tonumber(ARGV[2]) then return {#value} end
return {value}
",
    )
});

// KEYS: that of the epoch, and a mark. ARGV: an epoch, and what the mark must still be: otherwise the server has lost its data
// since the mark was set, and the answer is 0. Answers the epoch that counts; nothing is changed where there is one.
pub(super) static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
",
    )
});
