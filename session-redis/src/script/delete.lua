local old = parse(found)
if old and old.owner then
  if ARGV[1] == '' then return { LEFT, old.tag, old.owner } end
  -- The session is gone, whatever is the matter with the index.
  pcall(leave, ARGV[1] .. old.owner, ARGV[2] .. old.tag)
end
return STORED
