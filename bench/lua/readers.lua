-- Calls with one bearer token after the other. Arguments: file of lines "token<TAB>", path.
dofile("bench/lua/outcome.lua")
local lines, next_line = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    lines[#lines + 1] = wrk.format("GET", args[2], { ["Authorization"] = "Bearer " .. line:match("^(.-)\t") })
  end
end

function request()
  next_line = next_line % #lines + 1
  return lines[next_line]
end

function response(status)
  if status ~= 200 then fail() end
end
