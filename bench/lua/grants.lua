-- Grants that need nothing of earlier replies: client_credentials and jwt-bearer. The file of lines "authorization<TAB>body"
-- comes as the script's first argument.
dofile("bench/lua/outcome.lua")
local lines, next_line = {}, 0
local path

function init(args)
  for line in io.lines(args[1]) do
    local authorization, body = line:match("^(.-)\t(.*)$")
    lines[#lines + 1] = wrk.format("POST", args[2], {
      ["Authorization"] = authorization,
      ["Content-Type"] = "application/x-www-form-urlencoded",
    }, body)
  end
end

function request()
  next_line = next_line % #lines + 1
  return lines[next_line]
end

function response(status)
  if status ~= 200 then fail() end
end
