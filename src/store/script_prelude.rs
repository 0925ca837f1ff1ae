//! What all scripts begin with.

/// Begins a script: `note` keeps what a command was answered without which the script goes on, and
/// `text` reads a small value, or more of a larger one than a small one has. What is no string counts as
/// nothing there, as does an empty one, and any other answer ends the script: it must not look as if
/// there were nothing. `size` is that of a value in the same way. `holder` is who lives in a lease; what
/// never expires is none.
pub(super) const PRELUDE: &str = r"
local notes = {}
local function note(name, answer)
  if type(answer) == 'table' and answer.err then notes[#notes + 1] = name .. ' ' .. answer.err end
end
local function text(key)
  local value = redis.pcall('GETRANGE', key, 0, 65536)
  if type(value) ~= 'table' then return value ~= '' and value end
  if not string.find(value.err, 'WRONGTYPE', 1, true) then redis.call('GETRANGE', key, 0, 65536) end
  return false
end
local function size(key)
  local length = redis.pcall('STRLEN', key)
  if type(length) ~= 'table' then return length end
  if not string.find(length.err, 'WRONGTYPE', 1, true) then redis.call('STRLEN', key) end
  return 0
end
local function holder(key)
  local token = text(key)
  if not token then return false end
  local lives = redis.pcall('PTTL', key)
  note('PTTL', lives)
  return lives ~= -1 and token
end
local function done(word)
  return {word, table.concat(notes, '\n')}
end
";
